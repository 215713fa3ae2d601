import BenchReport
import FoundationEssentials
import HostTools
import Lab
import NodeHarness

/// The machines that something is measured on.
enum BenchMachines {
    /// Runs `body` with the storage machines, which have so many processors, and the client up; a Ceph cluster beside them, if it is to be, lets
    /// them in. Nothing of them is left, whatever happens.
    static func with<Value: Sendable>(
        _ storages: [MachineSpec], processors: Int, hasCeph: Bool = false,
        _ body: @Sendable (Lab) async throws -> Value
    ) async throws -> Value {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/var/tmp"
        // In a PID namespace of its own it always has the same process number.
        let directory = "\(parent)/convert2nfs-bench-lab.\(UUID())"
        try Directory.ensure(directory, mode: 0o700)
        let specs = storages.map { spec in
            var spec = spec
            // Sparse: as much of it is there as was written.
            spec.disks = [160 << 30]
            spec.memoryMiB = 1024
            spec.processors = processors
            return spec
        }
        let lab = try Lab(
            directory: directory, image: ImageCache().place(of: .standard), specs: specs + [MachineSpec.c1])
        let result: Result<Value, any Error>
        do {
            BenchProgram.say("starting the machines")
            try await lab.up(
                programs: try Executables.directory(), others: hasCeph ? [BenchPool.rbdProgram] : [])
            if hasCeph {
                let cluster = try await lab.startCeph()
                for spec in storages { try await cluster.admit(lab.machine(spec.name)) }
            }
            result = .success(try await body(lab))
        } catch {
            result = .failure(error)
        }
        try await lab.down()
        return try result.get()
    }
}
