import HostTools
import NodeAPI
import StorageCore

/// Whether NFSv4 clients at different addresses call themselves the same: the server takes them for one that has restarted,
/// and each takes the other's locks away (RFC 8881, section 2.4).
struct ClientNamesCheck: Check {
    var name: String { "NFSv4 clients" }

    /// What the doctor itself is called when it asks for the version.
    static let ownName = "convert2nfs-doctor"

    /// A client as nfsd shows it in `/proc/fs/nfsd/clients/N/info`.
    struct Client: Hashable, Sendable {
        /// Without its port.
        let address: String
        let name: String

        /// Nil if the text has neither.
        init?(_ info: String) {
            func value(_ key: String) -> Substring? {
                info.split(separator: "\n").first { $0.hasPrefix("\(key): ") }?.dropFirst(key.count + 2)
            }
            guard let address = value("address")?.split(separator: "\"").first, let name = value("name") else {
                return nil
            }
            self.address = address.split(separator: ":").dropLast().joined(separator: ":")
            self.name = String(name)
        }
    }

    func run() async throws(StorageError) -> Verdict {
        let directory = "/proc/fs/nfsd/clients"
        let clients = try await onHost("look at \(directory)") { () async throws(HostError) in
            try (Directory.names(in: directory) ?? []).compactMap { number in
                // One that ends meanwhile is none.
                ((try? ControlFile.read("\(directory)/\(number)/info")) ?? nil).flatMap(Client.init)
            }
        }
        return Verdict(findings: Self.findings(clients))
    }

    static func findings(_ clients: [Client]) -> [Finding] {
        let named = Dictionary(grouping: clients.filter { !$0.name.contains(ownName) }, by: \.name)
        return named.sorted { $0.key < $1.key }.compactMap { name, clients in
            let addresses = Set(clients.map(\.address)).sorted()
            guard addresses.count > 1 else { return nil }
            return Finding(
                .sameHostnameClients, "node",
                "NFSv4 clients at different addresses have one name: they cancel each other's locks",
                evidence: "\(name): \(addresses.joined(separator: ", "))",
                remedy:
                    "on each: echo options nfs nfs4_unique_id=$(cat /etc/machine-id) >/etc/modprobe.d/nfs4-id.conf, and reboot it"
            )
        }
    }
}
