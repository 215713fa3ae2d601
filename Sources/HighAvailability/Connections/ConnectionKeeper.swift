import FoundationEssentials
import HostTools
import StorageCore

/// Remembers, on storage that moves with the service, which clients are connected to it, so that whoever serves next can make them
/// connect anew at once.
package struct ConnectionKeeper: Sendable {
    private let address: ClientAddress
    private let ports: Set<UInt16>
    private let file: String
    /// The replicated storage may make a write wait, and nothing else is to wait with it.
    private let work = BlockingWork(label: "connections")

    /// `file` is on the replicated storage.
    package init(address: ClientAddress, ports: Set<UInt16>, file: String) {
        self.address = address
        self.ports = ports
        self.file = file
    }

    /// Writes down who is connected now, if that has changed since `known`; answers who is. Where the address is not, nobody is, since nfsd ends a
    /// connection together with its address, and clients know nothing of that: who was stays written down.
    func note(since known: Set<Connection>?) throws(StorageError) -> Set<Connection>? {
        do {
            let tables = try ["/proc/net/tcp", "/proc/net/tcp6"].map { try ControlFile.read($0) ?? "" }
            let found = Set(tables.flatMap { ConnectionTable.connections($0, to: address, at: ports) })
            guard found != known else { return known }
            // Looked at afterwards: what was found before that was found with the address.
            guard try NetworkInterfaces.addresses().contains(where: { $0.text == address.description }) else {
                return known
            }
            try DurableFile.write(Array(try JSONEncoder().encode(found)), to: file)
            return found
        } catch {
            throw StorageError(.unavailable, "the clients' connections cannot be written down: \(error)")
        }
    }

    private func noteAside(since known: Set<Connection>?) async throws(StorageError) -> Set<Connection>? {
        do throws(HostError) {
            return try await work.run("the list of connections", deadline: .seconds(10)) { _ throws(HostError) in
                do throws(StorageError) { return try self.note(since: known) } catch {
                    throw HostError.unexpected(error.message)
                }
            }
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
    }

    /// Makes those that were written down last connect anew, once the address is here, which may be moments after the service. The port is
    /// open. Does nothing once the task is cancelled: then they are the next node's.
    package func wake(within patience: Duration = .seconds(30)) async throws(StorageError) {
        do {
            guard let bytes = try DurableFile.read(file, limit: 16 << 20) else { return }
            let connections = try JSONDecoder().decode([Connection].self, from: Data(bytes))
            try await NetworkInterfaces.wait(for: address.description, within: patience)
            try RawSender.send(
                connections.map { (Tickle(connection: $0).packet, $0.remote.address.bytes) }, from: address.bytes)
        } catch HostError.cancelled {
        } catch {
            throw StorageError(.unavailable, "the clients cannot be told to connect anew: \(error)")
        }
    }

    /// Keeps the list until the task is cancelled.
    package func keep(_ failed: @Sendable (StorageError) -> Void) async {
        var known: Set<Connection>?
        while true {
            do throws(StorageError) { known = try await noteAside(since: known) } catch { failed(error) }
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
        }
    }
}
