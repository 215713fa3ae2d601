import NodeAPI
import StorageCore

/// Whether this host has the address that clients are told to mount from.
struct AddressCheck: Check {
    let host: ServiceHost

    var name: String { "address" }

    func run() async throws(StorageError) -> Verdict { Self.judge(try await host.look(), of: host.name) }

    static func judge(_ facts: ServiceHost.Facts, of name: String) -> Verdict {
        guard let first = facts.local.first else {
            let evidence =
                facts.addresses.isEmpty
                ? "\(name) does not resolve"
                : "\(name) is \(facts.addresses.joined(separator: ", ")), which no interface of this host that is up has"
            return Verdict(findings: [
                Finding(
                    .addressNotHere, "node", "clients are told to mount from an address that this node does not have",
                    evidence: evidence,
                    remedy: "bring the address up (ip address add \(name)/PREFIX dev INTERFACE), or correct nfs.address"
                )
            ])
        }
        guard first.interface == "lo" else { return Verdict() }
        return Verdict(notes: ["nfs.address is \(name), a loopback address: no other machine can mount from it"])
    }
}
