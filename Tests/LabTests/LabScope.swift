import FoundationEssentials
import HostTools
import Lab
import NodeHarness
import Testing

/// Gives a suite machines of its own: started before its first test, gone after its last. Their consoles and the
/// daemons' logs go to `CONVERT2NFS_LAB_LOGS`, which `make lab` keeps when a test has failed. Skips the suite unless
/// `CONVERT2NFS_LAB` is 1, because it needs qemu, root and minutes.
struct LabScope: SuiteTrait, TestScoping {
    @TaskLocal static var lab: Lab?
    @TaskLocal static var ceph: CephCluster?
    let specs: [MachineSpec]
    /// Whether a Ceph cluster runs beside the machines.
    var hasCeph = false
    /// Whether this program, which has all tests in it, is brought along.
    var carriesTests = false

    func prepare(for test: Test) async throws {
        guard ProcessInfo.processInfo.environment["CONVERT2NFS_LAB"] == "1" else {
            try Test.cancel("this suite runs virtual machines; run it with \"make lab\"")
        }
    }

    func provideScope(for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void)
        async throws
    {
        let environment = ProcessInfo.processInfo.environment
        let image = try await ImageCache().image(of: .standard)
        let directory = "\(try #require(environment["CONVERT2NFS_LAB_DIRECTORY"]))/\(test.name)"
        try Directory.ensure(directory, mode: 0o700)
        let lab = try Lab(directory: directory, image: image, specs: specs)
        let outcome: Result<Void, any Error>
        do {
            try await lab.up(
                programs: try environment["CONVERT2NFS_LAB_PROGRAMS"] ?? Executables.directory(),
                others: carriesTests ? [try Executables.current()] : [])
            let cluster = hasCeph ? try await lab.startCeph() : nil
            try await Self.$lab.withValue(lab) {
                try await Self.$ceph.withValue(cluster) { try await body() }
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try await lab.keepLogs(in: "\(try #require(environment["CONVERT2NFS_LAB_LOGS"]))/\(test.name)")
        try await lab.down()
        try outcome.get()
    }
}

extension Trait where Self == LabScope {
    static func machines(_ specs: MachineSpec..., withCeph: Bool = false, carryingTests: Bool = false) -> Self {
        LabScope(specs: specs, hasCeph: withCeph, carriesTests: carryingTests)
    }
}

/// The running machine of that name, in the suite's lab.
func machine(_ name: String) throws -> Machine { try #require(LabScope.lab).machine(name) }

/// Whether what takes long is to be tried, too: `make lab-ceph` and `make drill-ha`.
let isThorough = ProcessInfo.processInfo.environment["CONVERT2NFS_DRILL"] == "1"

/// The suite's Ceph cluster.
func ceph() throws -> CephCluster { try #require(LabScope.ceph) }
