import HostTools
import StorageCore

/// Calls the operating system and says what for when it fails.
func onHost<Value>(
    _ action: String, _ body: () async throws(HostError) -> Value
) async throws(StorageError) -> Value {
    do throws(HostError) {
        return try await body()
    } catch {
        throw StorageError(.unavailable, "\(action): \(error)")
    }
}

/// The name or address that clients mount from.
struct ServiceHost: Sendable, Hashable {
    let name: String

    /// What is known of it.
    struct Facts: Sendable, Hashable {
        /// What the name stands for.
        let addresses: [String]
        /// Which of those this host has.
        let local: [NetworkInterfaces.Address]

        /// Where this host asks its own NFS server: as clients do if it has that address.
        var target: NetworkInterfaces.Address {
            local.first ?? NetworkInterfaces.Address(interface: "lo", text: "127.0.0.1")
        }
    }

    /// Throws `unavailable` if name servers do not answer in time.
    func look() async throws(StorageError) -> Facts {
        let work = BlockingWork(label: "doctor")
        return try await onHost("resolve \(name)") { () async throws(HostError) in
            try await work.run("resolving \(name)", deadline: .seconds(10)) { [name] _ throws(HostError) in
                let addresses = NetworkInterfaces.resolve(name)
                let own = try NetworkInterfaces.addresses()
                return Facts(addresses: addresses, local: own.filter { addresses.contains($0.text) })
            }
        }
    }
}
