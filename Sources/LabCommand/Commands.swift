import ArgumentParser
import FoundationEssentials
import Glibc
import HostTools
import Lab
import NodeHarness

struct Prepare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Build the machines' image if it is not there.")

    func run() async throws {
        FileHandleOutput.output.write(try await ImageCache().image(of: .standard) { say($0) }.directory + "\n")
    }
}

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start s1, s2 and c1.")
    @OptionGroup var place: Place
    @Option(help: "Where the programs were built; beside this one by default.") var programs: String?

    func run() async throws {
        try Directory.ensure(place.directory, mode: 0o700)
        let lab = try place.open()
        try await lab.up(programs: try programs ?? Executables.directory())
        say("s1, s2 and c1 are ready; their disks and consoles are in \(place.directory)")
    }
}

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a shell script in a machine; its status is the answer.")
    @OptionGroup var place: Place
    @Option(help: "Seconds until it is killed.") var deadline = 600
    @Argument var machine: String
    @Argument var script: String

    func run() async throws {
        let shell = Tool(name: "sh", path: "/bin/sh")
        let output = try await place.open().machine(machine).run(
            Invocation(
                shell, ["-c", script], environment: Machine.environment, deadline: .seconds(deadline),
                outputLimit: 256 << 20))
        FileHandleOutput.output.write(output.standardOutput)
        FileHandleOutput.error.write(output.standardError)
        switch output.status {
        case .exited(let status): throw ExitCode(status)
        case .signalled(let number): throw ExitCode(128 + number)
        }
    }
}

struct Put: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Copy a file into a machine.")
    @OptionGroup var place: Place
    @Argument var machine: String
    @Argument var source: String
    @Argument var target: String
    @Option(help: "As for chmod.") var mode = "0755"

    func run() async throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: source)))
        try await place.open().machine(machine).write(bytes, to: target, mode: mode)
    }
}

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print a file of a machine.")
    @OptionGroup var place: Place
    @Argument var machine: String
    @Argument var path: String

    func run() async throws {
        FileHandleOutput.output.write(try await place.open().machine(machine).read(path, limit: 256 << 20))
    }
}

struct Cut: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Cut a machine's power; its disks stay.")
    @OptionGroup var place: Place
    @Argument var machine: String

    func run() async throws { try await place.open().machine(machine).cutPower() }
}

struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a machine that is off, with the programs as they are now.")
    @OptionGroup var place: Place
    @Option(help: "Where the programs were built; beside this one by default.") var programs: String?
    @Argument var machine: String
    @Argument(help: "What runs first in it: lab or systemd.") var initial = MachineSpec.Init.lab

    func run() async throws {
        let lab = try place.open { if $0.name == machine { $0.start = initial } }
        try await lab.bringPrograms(try programs ?? Executables.directory())
        try await lab.machine(machine).start()
        try await lab.machine(machine).waitUntilReady()
    }
}

extension MachineSpec.Init: ExpressibleByArgument {}

struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Switch the machines off and remove all there is of them.")
    @OptionGroup var place: Place

    func run() async throws { try await place.open().down() }
}

struct PairUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair",
        abstract: "Make s1 and s2 a pair of empty disks, or start its daemon on one that was booted.")
    @OptionGroup var place: Place
    @Argument(help: "Only start its daemon.") var machine: String?
    @Flag(help: "Start the daemons, and leave the set-up to be tried.") var daemonsOnly = false
    @Flag(help: "Replicate files, each ten seconds, and not the storage.") var rsync = false
    @Flag(help: "Share the Ceph cluster that was started beside, without a power switch.") var ceph = false

    func run() async throws {
        let lab = try place.open()
        let pair = try PairNodes(
            lab.machine("s1"), lab.machine("s2"),
            storage: ceph ? .ceph() : rsync ? .rsync(interval: 10) : .drbd)
        if let machine { return try await pair.start(lab.machine(machine)) }
        if daemonsOnly { return try await pair.startNew() }
        try await pair.setUp()
    }
}

struct Fence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cut the power of machines that others ask it for, until it is interrupted.")
    @OptionGroup var place: Place

    func run() async throws { try await FenceService(place.open().machines).run() }
}

struct Ceph: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Start a Ceph cluster beside the machines, and let the storage nodes in as the user convert2nfs; ends with the lab's namespace."
    )
    @OptionGroup var place: Place

    func run() async throws {
        let lab = try place.open()
        let cluster = try await lab.startCeph()
        for machine in lab.machines where machine.spec.role == .storage {
            try await cluster.admit(machine)
        }
        say(
            "CEPH_CONF=\(cluster.directory)/ceph.conf reaches it, with --keyring \(cluster.directory)/ceph.client.admin.keyring"
        )
    }
}
