import Glibc
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

    init(_ helper: RBDHelper, _ place: RBDPlace, pair: String) {
        self.helper = helper
        self.place = place
        self.pair = pair
        object = RBDNames(prefix: place.prefix).record
    }

    // MARK: The record

    /// Ensures that there is one. Throws `conflict` if it is another pair's.
    func begin() async throws(StorageError) {
        if try await !isBegun() { try await write(SharedRecord(pair: pair), over: "") }
        _ = try await read()
    }

    func isBegun() async throws(StorageError) -> Bool { try await readAny() != nil }

    /// Whoever it belongs to.
    func readAny() async throws(StorageError) -> SharedRecord? { try await readVersion().record }

    /// This pair's, and its version.
    func read() async throws(StorageError) -> (record: SharedRecord, version: String) {
        let (record, version) = try await readVersion()
        return (try Self.check(record, pair, place), version)
    }

    private func readVersion() async throws(StorageError) -> (record: SharedRecord?, version: String) {
        guard case .note(let text, let version) = try await ask(.read(object: object)) else { return (nil, "") }
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

    /// `conflict` if something else is written by now.
    func write(_ record: SharedRecord, over version: String) async throws(StorageError) {
        do throws(RBDFailure) {
            try await helper.ask(.write(object: object, text: record.text, over: version))
        } catch  where error.code == ECANCELED {
            throw StorageError(
                .conflict, "the other node has written to \(object) in the Ceph pool \(place.path) meanwhile")
        } catch {
            throw StorageError(rbd: error, place)
        }
    }

    /// Changes what is written now, whoever else writes beside.
    func change(
        _ body: @Sendable (inout SharedRecord) throws(StorageError) -> Void
    ) async throws(StorageError) {
        try await change(read, body)
    }

    /// The same by who has it open, of which its lock is the proof: under another secret since, too.
    func takeUp(_ body: @Sendable (inout SharedRecord) -> Void) async throws(StorageError) {
        try await change { () async throws(StorageError) in
            let (record, version) = try await readVersion()
            return (record ?? SharedRecord(pair: pair), version)
        } _: { [pair] record in
            record.pair = pair
            body(&record)
        }
    }

    private static let tries = 10

    private func change(
        _ read: () async throws(StorageError) -> (record: SharedRecord, version: String),
        _ body: @Sendable (inout SharedRecord) throws(StorageError) -> Void
    ) async throws(StorageError) {
        var refusal = StorageError(.unavailable, "\(object) cannot be written")
        for _ in 0..<Self.tries {
            let (before, version) = try await read()
            var after = before
            try body(&after)
            if after == before { return }
            do throws(StorageError) { return try await write(after, over: version) } catch
                where error.code == .conflict
            {
                refusal = error
            }
        }
        throw refusal
    }

    // MARK: The blocklist

    /// Shuts out whoever is to be, by what is written: also what an earlier try has left.
    func fenceLeaving() async throws(StorageError) {
        let leaving = try await read().record.leaving
        guard !leaving.isEmpty else { return }
        let refusals: [StorageError] = await withTaskGroup(of: StorageError?.self) { group in
            for address in leaving {
                group.addTask {
                    do throws(StorageError) {
                        try await ask(.block(address: address, seconds: Self.fencedFor))
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
        try await change { record in record.noteFenced(leaving) }
    }

    /// Takes off the list what is on it of the node, but for `used`. Throws `conflict` if something is written meanwhile; it is tried again then.
    func readmit(_ node: NodeName, sparing used: Set<String>) async throws(StorageError) {
        var (record, version) = try await read()
        let free = record[node].fenced.subtracting(used)
        guard !free.isEmpty else { return }
        for address in free.sorted() {
            try await ask(
                .command(
                    #"{"prefix": "osd blocklist", "blocklistop": "rm", "addr": "\#(address)", "format": "json"}"#))
        }
        record[node].fenced.subtract(free)
        try await write(record, over: version)
    }

    @discardableResult
    private func ask(_ request: RBDRequest) async throws(StorageError) -> RBDReply {
        do throws(RBDFailure) { return try await helper.ask(request) } catch { throw StorageError(rbd: error, place) }
    }
}
