import NFSClient

/// One file that grows until the volume is full. It stays open, as a database's would.
struct Filler: Sendable {
    static let chunk = 1 << 20
    static let path = "/filler"
    private let connection: NFSConnection
    private let file: NFSFile
    /// What was written and synced.
    private(set) var byteCount: UInt64 = 0

    init(_ target: NFSConnection.Target) async throws {
        connection = NFSConnection(target)
        try await connection.mount()
        file = try await connection.open(Self.path, creating: true, truncating: true)
    }

    /// Writes up to `limit` bytes more and syncs them. True if the volume was full before that.
    mutating func write(atMost limit: UInt64) async throws -> Bool {
        let end = byteCount + limit
        var hasRoom = true
        while byteCount < end, hasRoom {
            try Task.checkCancellation()
            hasRoom = try await writeChunk()
        }
        try await file.sync()
        return !hasRoom
    }

    /// False if there was no room for it.
    private mutating func writeChunk() async throws -> Bool {
        do throws(NFSError) {
            try await file.write(Self.content(at: byteCount), at: byteCount)
        } catch {
            guard error.isOutOfSpace else { throw error }
            return false
        }
        byteCount += UInt64(Self.chunk)
        return true
    }

    /// Reads a sample of what was written, over a connection of its own, the last bytes among it. The number of MiB
    /// that were compared.
    func compare() async throws -> Int {
        let reader = NFSConnection(connection.target)
        try await reader.mount()
        let file = try await reader.open(Self.path)
        let last = Int(byteCount) / Self.chunk - 1
        let numbers = Set(stride(from: 0, through: last, by: max(1, last / 32)) + [last]).sorted()
        for number in numbers {
            try Task.checkCancellation()
            let offset = UInt64(number * Self.chunk)
            let bytes = try await file.read(Self.chunk, at: offset)
            try claim(
                TreeTransfer.areSame(bytes, Self.content(at: offset)),
                otherwise: "\(Self.path) holds something else at \(offset)")
        }
        await reader.close()
        return numbers.count
    }

    func close() async { await connection.close() }

    /// Another one at each offset, and never zeros.
    private static func content(at offset: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: offset >> 20) | 1, count: chunk)
        bytes.withUnsafeMutableBytes { buffer in
            for position in stride(from: 0, to: chunk, by: 4096) {
                buffer.storeBytes(of: offset + UInt64(position), toByteOffset: position, as: UInt64.self)
            }
        }
        return bytes
    }
}
