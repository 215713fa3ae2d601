import Glibc
import HostTools
import RBDWire
import StorageCore

/// Where a pair's `SharedRecord` is kept, and what is done in Ceph by what is written there.
struct SharedLedger: Sendable {
    /// In seconds. The node takes itself off the list when it is back (`readmit`).
    private static let fencedFor: Int64 = 10 * 365 * 86_400

    /// Whose it is.
    let pair: String
    private let helper: RBDHelper
    private let place: RBDPlace
    private let object: String
    /// Of this node's own writers.
    private let gate = SerialGate()

    init(_ helper: RBDHelper, _ place: RBDPlace, pair: String) {
        self.helper = helper
        self.place = place
        self.pair = pair
        object = RBDNames(prefix: place.prefix).record
    }

    // MARK: The record

    /// Ensures that there is one. Throws `conflict` if it is another pair's.
    func begin() async throws(StorageError) {
        // Whoever writes the first one.
        if try await !isBegun() { _ = try await write(SharedRecord(pair: pair), "") }
        _ = try await read()
    }

    func isBegun() async throws(StorageError) -> Bool { try await readAny() != nil }

    /// Whoever it belongs to.
    func readAny() async throws(StorageError) -> SharedRecord? { try await readVersion().record }

    /// This pair's.
    func read() async throws(StorageError) -> SharedRecord { try Self.check(try await readAny(), pair, place) }

    private func readVersion() async throws(StorageError) -> (record: SharedRecord?, version: String) {
        let (text, version) = try await helper.note(in: object, place)
        return (try Self.parse(text, place), version)
    }

    /// Nil for no text.
    static func parse(_ text: String, _ place: RBDPlace) throws(StorageError) -> SharedRecord? {
        if text.isEmpty { return nil }
        guard let record = SharedRecord(text) else {
            let object = RBDNames(prefix: place.prefix).record
            throw StorageError(.conflict, "\(object) in the Ceph pool \(place.path) is not written by convert2nfs")
        }
        return record
    }

    /// Whether it was written by these two nodes, under whatever secret.
    func hasSameNodes(_ record: SharedRecord) -> Bool {
        record.pair.split(separator: " ").dropLast() == pair.split(separator: " ").dropLast()
    }

    static func check(
        _ record: SharedRecord?, _ pair: String, _ place: RBDPlace
    ) throws(StorageError) -> SharedRecord {
        guard let record else {
            throw StorageError(
                .conflict, "the pair is not made in the Ceph pool \(place.path) yet: convert2nfs ha setup")
        }
        guard record.pair == pair else {
            throw StorageError(
                .conflict,
                "the prefix \"\(place.prefix)\" in the Ceph pool \(place.path) is another pair's; give each pair a prefix of its own"
            )
        }
        return record
    }

    /// Changes what is written now, whoever else writes beside, and answers it.
    @discardableResult
    func change(
        _ body: @escaping @Sendable (inout SharedRecord) async throws(StorageError) -> Void
    ) async throws(StorageError) -> SharedRecord {
        try await change({ _ in false }, body)
    }

    /// The same under another secret since, if `isOurs` says of what is written that its nodes are this pair's.
    @discardableResult
    func change(
        _ isOurs: @escaping @Sendable (SharedRecord) -> Bool,
        _ body: @escaping @Sendable (inout SharedRecord) async throws(StorageError) -> Void
    ) async throws(StorageError) -> SharedRecord {
        try await gate.run { () async throws(StorageError) in
            for _ in 0..<Self.tries {
                let (found, version) = try await readVersion()
                var after: SharedRecord
                if let found, isOurs(found) { after = found } else { after = try Self.check(found, pair, place) }
                after.pair = pair
                try await body(&after)
                if after == found { return after }
                if try await write(after, version) { return after }
            }
            throw StorageError(.unavailable, "\(object) in the Ceph pool \(place.path) is written all the time")
        }
    }

    private static let tries = 10

    private func write(_ record: SharedRecord, _ version: String) async throws(StorageError) -> Bool {
        try await helper.write(record.text, in: object, over: version, place)
    }

    // MARK: The blocklist

    /// Shuts out whoever is to be, by what is written: also what an earlier try has left.
    func fenceLeaving() async throws(StorageError) {
        let leaving = try await read().leaving
        guard !leaving.isEmpty else { return }
        let refusals: [StorageError] = await withTaskGroup(of: StorageError?.self) { group in
            for address in leaving {
                group.addTask {
                    do throws(StorageError) {
                        try await helper.ask(.block(address: address, seconds: Self.fencedFor), in: place)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var refusals: [StorageError] = []
            for await refusal in group { if let refusal { refusals.append(refusal) } }
            return refusals
        }
        if let refusal = refusals.first { throw refusal }
        try await change { $0.noteFenced(leaving) }
    }

    /// Takes off the list what is on it of the node, but for `used`.
    func readmit(_ node: NodeName, sparing used: Set<String>) async throws(StorageError) {
        try await change { (record) async throws(StorageError) in
            let free = record[node].fenced.subtracting(used)
            for address in free.sorted() {
                let command =
                    #"{"prefix": "osd blocklist", "blocklistop": "rm", "addr": "\#(address)", "format": "json"}"#
                try await helper.ask(.command(command), in: place)
            }
            record[node].fenced.subtract(free)
        }
    }
}
