import FoundationEssentials
import HostTools
import StorageCore

/// What a node of a pair keeps for its next life.
package struct PairFiles: Sendable {
    /// Over reboots: the record, and the last moves of the service.
    private let record: String
    private let history: String
    /// Of this boot: under which epoch the service is up.
    private let marker: String

    /// `volatile` is a directory that is empty after a boot.
    package init(state: String, volatile: String) {
        record = "\(state)/pair.json"
        history = "\(state)/pair-moves.json"
        marker = "\(volatile)/serving.json"
    }

    static let historyLength = 20

    /// Throws `unavailable` if there is one that cannot be read: without it nobody knows what this node may do.
    func readRecord() throws(StorageError) -> PairRecord {
        do {
            guard let bytes = try DurableFile.read(record, limit: 1 << 20) else { return PairRecord() }
            return try JSONDecoder().decode(PairRecord.self, from: Data(bytes))
        } catch {
            throw StorageError(
                .unavailable,
                "\(record), in which this node keeps which epochs it has seen, cannot be read: \(error); restore it, or remove it on a "
                    + "node that has to take its data from the other one")
        }
    }

    func write(_ value: PairRecord) throws(StorageError) { try keep(value, record) }

    func readHistory() -> [ServiceMove] { (try? read([ServiceMove].self, history)) ?? [] }
    func write(_ moves: [ServiceMove]) throws(StorageError) { try keep(moves, history) }

    /// Whether an earlier life of the program has left the service up.
    package var isServing: Bool { readMarker() != nil }

    /// Nil if the service is not up, or was not all up.
    func readMarker() -> Epoch? { try? read(Epoch.self, marker) }

    /// The service is up under that epoch, or not all up.
    package func write(marker epoch: Epoch?) throws(StorageError) {
        guard let epoch else {
            do throws(HostError) { try DurableFile.remove(marker) } catch { throw Self.refusal(marker, error) }
            return
        }
        try keep(epoch, marker)
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value? {
        try DurableFile.read(path, limit: 1 << 20).map { try JSONDecoder().decode(type, from: Data($0)) }
    }

    private func keep(_ value: some Encodable, _ path: String) throws(StorageError) {
        do { try DurableFile.write(Array(try JSONEncoder().encode(value)), to: path) } catch {
            throw Self.refusal(path, error)
        }
    }

    private static func refusal(_ path: String, _ error: any Error) -> StorageError {
        StorageError(.unavailable, "\(path) cannot be written: \(error)")
    }
}
