import HostTools
import NFSExports
import NodeAPI
import StorageCore

/// Whether NFSv4 clients at different addresses call themselves the same: the server takes them for one that has restarted,
/// and each takes the other's locks away (RFC 8881, section 2.4). Of two such the server knows the one that it heard last, so
/// they are seen to take turns; two that are idle do so once a minute, and are mostly missed.
struct ClientNamesCheck: Check {
    let files: KernelFiles

    var name: String { "NFSv4 clients" }

    /// What the doctor itself is called when it asks for the version.
    static let ownName = "convert2nfs-doctor"

    /// A client as nfsd shows it in `/proc/fs/nfsd/clients/N/info`.
    struct Client: Hashable, Sendable {
        /// Without its port.
        let address: String
        let name: String

        /// Nil if the text has neither, and for the doctor itself.
        init?(_ info: String) {
            func value(_ key: String) -> Substring? {
                info.split(separator: "\n").first { $0.hasPrefix("\(key): ") }?.dropFirst(key.count + 2)
            }
            guard let address = value("address")?.split(separator: "\"").first, let name = value("name"),
                !name.contains(ownName)
            else { return nil }
            self.address = address.split(separator: ":").dropLast().joined(separator: ":")
            self.name = String(name)
        }
    }

    func run() async throws(StorageError) -> Verdict {
        var seen = Set(try await clients())
        guard !seen.isEmpty else { return Verdict() }
        for _ in 1..<Self.looks {
            do { try await Task.sleep(for: Self.pause) } catch { throw StorageError.wrap(error) }
            seen.formUnion(try await clients())
        }
        return Verdict(findings: Self.findings(seen))
    }

    private static let looks = 10
    private static let pause = Duration.milliseconds(200)

    private func clients() async throws(StorageError) -> [Client] {
        let directory = "\(files.control)/clients"
        return try await onHost("look at \(directory)") { () async throws(HostError) in
            try (Directory.names(in: directory) ?? []).compactMap { number in
                // One that ends meanwhile is none.
                ((try? ControlFile.read("\(directory)/\(number)/info")) ?? nil).flatMap(Client.init)
            }
        }
    }

    static func findings(_ seen: Set<Client>) -> [Finding] {
        let named = Dictionary(grouping: seen, by: \.name)
        return named.sorted { $0.key < $1.key }.compactMap { name, clients in
            let addresses = Set(clients.map(\.address)).sorted()
            guard addresses.count > 1 else { return nil }
            return Finding(
                .sameHostnameClients, "node",
                "NFSv4 clients at different addresses have one name: they cancel each other's locks",
                evidence: "\(name): \(addresses.joined(separator: ", "))",
                remedy:
                    "on each: echo options nfs nfs4_unique_id=$(cat /proc/sys/kernel/random/uuid) "
                    + ">/etc/modprobe.d/nfs4-id.conf, and reboot it"
            )
        }
    }
}
