import FoundationEssentials
import Glibc
import HostTools

/// One virtual machine: its disks, its process, its agent. All of it is in the lab's directory, so that another process
/// can take it over (`convert2nfs-lab`).
package struct Machine: CommandRunner {
    package let spec: MachineSpec
    let image: Image
    let tools: LabTools
    let directory: String
    let accelerator: Accelerator
    private let agent: AgentClient

    init(_ spec: MachineSpec, image: Image, tools: LabTools, directory: String, accelerator: Accelerator) {
        self.spec = spec
        self.image = image
        self.tools = tools
        self.directory = directory
        self.accelerator = accelerator
        agent = AgentClient(address: LabNetwork.Link.management.address(spec.number))
    }

    /// All its kernel and its first programs said, of every start.
    package var console: String { file("console") }
    func file(_ kind: String) -> String { "\(directory)/\(spec.name).\(kind)" }
    var root: String { "\(directory)/\(spec.name).root" }
    var payload: String { "\(directory)/payload.ext4" }
    func disk(_ index: Int) -> String { "\(directory)/\(spec.name).data\(index)" }
    private var processFile: String { "\(directory)/\(spec.name).process" }

    /// Ensures its disks are there. Its root filesystem gets a UUID of its own: equal ones would hide what differs
    /// between real nodes.
    func prepare() async throws {
        if !FileManager.default.fileExists(atPath: root) {
            try await tools.run(.copy, ["--sparse=always", "--reflink=auto", image.root, root])
            try await tools.run(.tuneExt4, ["-U", "random", root])
        }
        for (index, size) in spec.disks.enumerated() where !FileManager.default.fileExists(atPath: disk(index)) {
            try SparseFile.create(disk(index), size: size)
        }
    }

    /// Switches it on; it is not ready yet.
    package func start() async throws {
        try await prepare()
        let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        let process = try DetachedProcess(
            try tools.tool(.qemu), arguments(counterRate: try await TimestampCounter.rate()), environment: environment,
            outputFile: "\(directory)/\(spec.name).qemu"
        ).start()
        try DurableFile.write(Array(JSONEncoder().encode(process)), to: processFile)
    }

    /// Returns when its agent answers. Throws with the end of the console if it ends instead, or takes longer.
    package func waitUntilReady(deadline: Duration = .seconds(120)) async throws {
        let end = ContinuousClock.now + deadline
        while ContinuousClock.now < end {
            guard try process()?.isAlive() == true else { break }
            let probe = Invocation(Tool(name: "true", path: "/bin/true"), [], deadline: .milliseconds(500))
            if let output = try? await run(probe), output.status == .exited(0) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw HostError.unexpected("\(spec.name) did not come up:\n\(consoleTail)")
    }

    /// A power cut: nothing in it gets a chance to write anything. What it had handed to its disks stays. Fine if it is
    /// off already.
    package func cutPower() async throws {
        try await process()?.terminate(grace: .zero)
        try DurableFile.remove(processFile)
    }

    /// Whether its power is on.
    package func isRunning() throws -> Bool { try process()?.isAlive() == true }

    /// The same as `cutPower`, for whoever may block.
    func cutPowerAtOnce() throws {
        guard let process = try process() else { return }
        _ = try process.signal(9)
        while try process.isAlive() { usleep(2000) }
        try DurableFile.remove(processFile)
    }

    /// Returns when it has gone off by itself. Throws `timedOut` if it still runs after `deadline`.
    package func waitUntilOff(deadline: Duration) async throws {
        guard try await process()?.hasEnded(within: deadline) != false else {
            throw HostError.timedOut(what: "the end of \(spec.name)", after: deadline)
        }
        try DurableFile.remove(processFile)
    }

    /// Runs a program in it; the tool's path is one in the machine.
    package func run(_ invocation: Invocation) async throws(HostError) -> CommandOutput {
        try await agent.run(invocation)
    }

    /// What the script says on standard output. It ends with the first command that fails, and the call throws
    /// `toolFailed`. What it leaves in the background goes on.
    @discardableResult
    package func sh(_ script: String, deadline: Duration = .seconds(60)) async throws(HostError) -> String {
        let shell = Tool(name: "\(spec.name): sh", path: "/bin/sh")
        return try await output(
            of: Invocation(shell, ["-euc", script], environment: Self.environment, deadline: deadline)
        ).text
    }

    /// For whoever wants to see every status.
    package static let environment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
    ]

    package func write(_ bytes: [UInt8], to path: String, mode: String = "0644") async throws(HostError) {
        let shell = Tool(name: "\(spec.name): write", path: "/bin/sh")
        try await output(
            of: Invocation(
                shell, ["-euc", "cat >\"$0.new\" && chmod \"$1\" \"$0.new\" && mv \"$0.new\" \"$0\"", path, mode],
                deadline: .seconds(300), standardInput: bytes))
    }

    package func read(_ path: String, limit: Int = 64 << 20) async throws(HostError) -> [UInt8] {
        let cat = Tool(name: "\(spec.name): cat", path: "/bin/cat")
        return try await output(of: Invocation(cat, [path], deadline: .seconds(300), outputLimit: limit)).standardOutput
    }

    /// Nil if it is off.
    func process() throws -> ProcessIdentity? {
        guard let bytes = try DurableFile.read(processFile, limit: 65536) else { return nil }
        return try JSONDecoder().decode(ProcessIdentity.self, from: Data(bytes))
    }

    private var consoleTail: String {
        let text = ["qemu", "console"].map { (try? String(contentsOfFile: file($0), encoding: .utf8)) ?? "" }
        return text.joined(separator: "\n").split(separator: "\n").suffix(20).joined(separator: "\n")
    }
}
