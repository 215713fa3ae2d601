import FoundationEssentials
import HostTools

/// Machines on a network of their own, in a directory that holds all there is of them.
package struct Lab: Sendable {
    package let directory: String
    package let machines: [Machine]
    private let tools: LabTools

    /// Describes a lab whose machines have their disks in `directory`, which exists; starts nothing. Whoever names the
    /// same directory and is in the same network namespace has the same lab.
    package init(directory: String, image: Image, specs: [MachineSpec], accelerator: Accelerator = .tcg)
        throws(HostError)
    {
        self.directory = directory
        let tools = try LabTools()
        self.tools = tools
        machines = specs.map {
            Machine($0, image: image, tools: tools, directory: directory, accelerator: accelerator)
        }
    }

    /// Throws `unexpected` if there is none of that name.
    package func machine(_ name: String) throws(HostError) -> Machine {
        guard let machine = machines.first(where: { $0.spec.name == name }) else {
            throw HostError.unexpected("the lab has no machine \(name)")
        }
        return machine
    }

    /// Makes the network and starts all machines; returns when all are ready. `programs` is where ours were built;
    /// `others` are paths of programs that go along.
    package func up(programs: String, others: [String] = []) async throws {
        try await LabNetwork(tools: tools).make(machines.map(\.spec))
        try await bringPrograms(programs, others: others)
        try await withThrowingTaskGroup { group in
            for machine in machines {
                group.addTask {
                    try await machine.start()
                    try await machine.waitUntilReady()
                }
            }
            try await group.waitForAll()
        }
    }

    /// What machines have from their next start on.
    package func bringPrograms(_ programs: String, others: [String] = []) async throws {
        try await Payload(tools: tools, programs: programs, others: others).make("\(directory)/payload.ext4")
    }

    /// Takes a machine's cable out of one of the networks, or puts it back.
    package func connect(_ machine: Machine, to link: LabNetwork.Link = .data, _ isConnected: Bool) async throws {
        try await LabNetwork(tools: tools).set(link, of: machine.spec.name, connected: isConnected)
    }

    /// Starts a Ceph cluster beside the machines, which are up.
    package func startCeph() async throws -> CephCluster {
        let cluster = try CephCluster(directory: ceph)
        try Directory.ensure(ceph, mode: 0o755)
        try await cluster.start()
        return cluster
    }

    private var ceph: String { "\(directory)/ceph" }

    /// Ensures all machines are off, a cluster beside them has ended, and the network and the directory are gone.
    package func down() async throws {
        for machine in machines { try await machine.cutPower() }
        try await CephCluster.stop(in: ceph)
        try await LabNetwork(tools: tools).remove(machines.map(\.spec))
        try await tools.run(.remove, ["-rf", directory])
    }
}
