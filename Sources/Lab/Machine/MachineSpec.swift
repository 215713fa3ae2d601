/// What a machine is, before it runs.
package struct MachineSpec: Hashable, Sendable {
    package enum Role: String, Sendable { case storage, client }

    /// What runs first, and starts the rest.
    package enum Init: String, Sendable {
        /// A few scripts: up in seconds.
        case lab
        /// As on operators' machines; takes several times as long.
        case systemd
    }

    package let name: String
    /// The last part of its addresses.
    package let number: Int
    package let role: Role
    /// Of the empty disks it has beside its root: `/dev/disk/by-id/virtio-data0` and on.
    package var disks: [Int64] = []
    package var memoryMiB = 512
    package var processors = 1
    package var start = Init.lab

    package static let s1 = MachineSpec(name: "s1", number: 11, role: .storage, disks: [4 << 30, 4 << 30])
    package static let s2 = MachineSpec(name: "s2", number: 12, role: .storage, disks: [4 << 30, 4 << 30])
    package static let c1 = MachineSpec(name: "c1", number: 21, role: .client)
    /// As an operator's machine starts.
    package var withSystemd: MachineSpec {
        var spec = self
        spec.start = .systemd
        return spec
    }
    /// Storage nodes of a pair. With one emulated processor, what a takeover has to do at the same time is done one after the other.
    package static let p1 = pairMember(s1)
    package static let p2 = pairMember(s2)
    /// Another pair's.
    package static let p3 = pairMember(MachineSpec(name: "s3", number: 13, role: .storage))
    package static let p4 = pairMember(MachineSpec(name: "s4", number: 14, role: .storage))
    private static func pairMember(_ spec: MachineSpec) -> MachineSpec {
        var spec = spec
        spec.processors = 2
        return spec
    }
    package static let all = [p1, p2, c1]

    /// Where it serves and mounts.
    package var address: String { LabNetwork.Link.data.address(number) }
    /// Where it copies to and from the other node of its pair.
    package var replicationAddress: String { LabNetwork.Link.replication.address(number) }
}
