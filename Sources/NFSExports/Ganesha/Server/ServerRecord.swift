import FoundationEssentials
import HostTools
import StorageCore

/// Who serves, and with which configuration: what the next life of the daemon takes the server over by.
struct ServerRecord: Hashable, Sendable, Codable {
    /// `GaneshaConfiguration.main` as it was when the server was started.
    var configuration = ""
    var bus: ProcessIdentity?
    var server: ProcessIdentity?
    var helpers = RPCHelpers.Started()

    /// Nil if there is none, or one that cannot be read: then nothing is taken over, and what still runs is found by
    /// its arguments and replaced.
    static func load(_ path: String) throws(StorageError) -> ServerRecord? {
        let bytes = try onHost("read \(path)") { () throws(HostError) in try DurableFile.read(path, limit: 1 << 20) }
        return bytes.flatMap { try? JSONDecoder().decode(ServerRecord.self, from: Data($0)) }
    }

    func save(_ path: String) throws(StorageError) {
        let data: Data
        do {
            data = try JSONEncoder().encode(self)
        } catch {
            throw StorageError(.internal, "the record of the NFS server cannot be written", cause: error)
        }
        try onHost("write \(path)") { () throws(HostError) in try DurableFile.write(Array(data), to: path) }
    }
}
