import ArgumentParser
import FoundationEssentials
import Glibc
import HostTools
import Lab
import NodeHarness

/// `convert2nfs-lab`: machines to try things in by hand. They stay until `down`. `Scripts/lab` calls it, in the network
/// namespace of the lab; only `prepare` runs outside.
@main
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert2nfs-lab",
        abstract: "Virtual machines with a kernel that has LVM, nfsd and an NFS client.",
        subcommands: [
            Prepare.self, Up.self, Run.self, Put.self, Get.self, Cut.self, Start.self,
            PairUp.self, Fence.self, Ceph.self, Down.self,
        ])
}

/// Which lab.
struct Place: ParsableArguments {
    @Option(help: "Which lab; several can run beside each other.") var lab = "dev"

    var directory: String { "/var/tmp/convert2nfs-lab/\(lab)" }

    /// To be called in the lab's network namespace.
    func open(_ adapt: (inout MachineSpec) -> Void = { _ in }) throws -> Lab {
        var specs = MachineSpec.all
        for index in specs.indices { adapt(&specs[index]) }
        return try Lab(directory: directory, image: ImageCache().place(of: .standard), specs: specs)
    }
}

func say(_ text: String) { FileHandleOutput.error.write(text + "\n") }

/// Whole lines at once, unbuffered.
struct FileHandleOutput {
    let descriptor: Int32
    static let error = FileHandleOutput(descriptor: 2)
    static let output = FileHandleOutput(descriptor: 1)

    func write(_ text: String) { write(Array(text.utf8)) }
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
