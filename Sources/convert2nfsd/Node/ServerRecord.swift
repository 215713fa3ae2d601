import HostTools
import StorageCore

/// Which NFS server has been chosen for a node: one word in a file of the state directory.
struct ServerRecord: Sendable {
    let path: String

    init(stateDirectory: String) { path = "\(stateDirectory)/nfs-server" }

    /// Nil if none has been. Throws `unavailable` if it cannot be read, or holds anything else.
    func read() throws(StorageError) -> ServerChoice.Server? {
        let bytes: [UInt8]?
        do throws(HostError) { bytes = try DurableFile.read(path, limit: 1024) } catch {
            throw StorageError(.unavailable, "which NFS server has been chosen cannot be read: \(error)")
        }
        guard let bytes else { return nil }
        let word = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard let server = ServerChoice.Server(rawValue: word) else {
            throw StorageError(
                .unavailable,
                "\(path) holds \"\(word.prefix(40))\", which is no NFS server; write into it the one that has served the "
                    + "volumes, kernel or ganesha, or remove it if there are none yet")
        }
        return server
    }

    /// Ensures that it holds `server`, durably.
    func write(_ server: ServerChoice.Server) throws(StorageError) {
        guard try read() != server else { return }
        do throws(HostError) { try DurableFile.write(Array("\(server.rawValue)\n".utf8), to: path) } catch {
            throw StorageError(.unavailable, "which NFS server is chosen cannot be kept: \(error)")
        }
    }
}
