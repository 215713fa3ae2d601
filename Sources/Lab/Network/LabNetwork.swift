import HostTools

/// Three bridges in the network namespace this process is in: `data`, over which the machines serve and mount, `replication`, over
/// which the two nodes of a pair copy, and `management`, over which the lab talks to them. They end with the namespace.
package struct LabNetwork: Sendable {
    let tools: LabTools

    /// The lab's own address in both networks ends with this.
    static let ownNumber = 254
    static func hardwareAddress(_ link: Link, _ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "52:54:00:4c:\(link.mark):\(digits.count < 2 ? "0" : "")\(digits)"
    }

    package enum Link: String, Sendable, CaseIterable {
        case data
        case management
        case replication

        func address(_ number: Int) -> String {
            switch self {
            case .data: "10.77.0.\(number)"
            case .management: "10.78.0.\(number)"
            case .replication: "10.79.0.\(number)"
            }
        }
        /// In the hardware addresses, by which a machine knows its interfaces.
        var mark: String {
            switch self {
            case .data: "01"
            case .management: "02"
            case .replication: "03"
            }
        }
        /// An interface's name has 15 characters at most (netdevice(7)).
        var bridge: String { "lab-\(rawValue.prefix(11))" }
        func tap(_ machine: String) -> String { "\(machine)-\(rawValue.prefix(1))" }
    }

    /// Throws `unexpected` where there is anything but a loopback: the addresses may be somebody's there.
    func make(_ machines: [MachineSpec]) async throws {
        guard try NetworkNamespace.interfaces() == ["lo"] else {
            throw HostError.unexpected("the lab wants a network namespace of its own; see Scripts/isolated")
        }
        var lines = ["link set lo up"]
        for link in Link.allCases {
            lines += [
                "link add \(link.bridge) type bridge mcast_snooping 0", "link set \(link.bridge) up",
                "address add \(link.address(Self.ownNumber))/24 dev \(link.bridge)",
            ]
            for machine in machines {
                lines += [
                    "tuntap add dev \(link.tap(machine.name)) mode tap",
                    "link set \(link.tap(machine.name)) master \(link.bridge) up",
                    // Known before the machine is up, so that nobody waits for an answer to ARP.
                    "neighbour replace \(link.address(machine.number))"
                        + " lladdr \(Self.hardwareAddress(link, machine.number)) nud permanent dev \(link.bridge)",
                ]
            }
        }
        try await tools.run(.ip, ["-batch", "-"], input: lines.joined(separator: "\n") + "\n")
    }

    /// Ensures the bridges and the machines' interfaces are gone; the machines are off.
    func remove(_ machines: [MachineSpec]) async throws {
        let own = Link.allCases.flatMap { link in machines.map { link.tap($0.name) } + [link.bridge] }
        let lines = try NetworkNamespace.interfaces().filter(own.contains).map { "link delete \($0)\n" }
        if !lines.isEmpty { try await tools.run(.ip, ["-batch", "-"], input: lines.joined()) }
    }

    /// Takes a machine's cable out, or puts it back.
    func set(_ link: Link, of machine: String, connected: Bool) async throws {
        try await tools.run(
            .ip, ["link", "set", link.tap(machine)] + (connected ? ["master", link.bridge] : ["nomaster"]))
    }
}
