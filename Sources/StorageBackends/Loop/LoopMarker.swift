import FoundationEssentials
import HostTools
import StorageCore

/// Which pool a directory holds: a file in the directory itself, and once more in the daemon's state. A disk that is not
/// mounted leaves an empty directory behind, which must not be taken for the pool.
struct LoopMarker: Hashable, Sendable, Codable {
    static let fileName = "convert2nfs-pool.json"
    private static let currentVersion = 1
    private static let sizeLimit = 4096

    let version: Int
    let id: UUID

    init() {
        version = Self.currentVersion
        id = UUID()
    }

    /// What is found where a marker may be.
    enum Found: Equatable {
        case nothing
        /// An empty file, which an operator made: the directory is to be the pool.
        case blank
        case marker(LoopMarker)
        case other
    }

    static func find(_ path: String) throws(HostError) -> Found {
        let bytes: [UInt8]
        do throws(HostError) {
            guard let content = try DurableFile.read(path, limit: sizeLimit) else { return .nothing }
            bytes = content
        } catch {
            // Too long for one of ours.
            guard case .unexpected = error else { throw error }
            return .other
        }
        if bytes.isEmpty { return .blank }
        guard let marker = try? JSONDecoder().decode(Self.self, from: Data(bytes)), marker.version == currentVersion
        else { return .other }
        return .marker(marker)
    }

    /// Durable when it returns.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try DurableFile.write(Array(try encoder.encode(self)) + [0x0A], to: path)
    }
}
