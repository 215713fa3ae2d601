/// A file that an `NFSConnection` holds open.
package struct NFSFile: Sendable {
    let connection: NFSConnection
    let number: Int
    package let path: String

    /// Writes all of `bytes`; not durable before `sync`.
    package func write(_ bytes: [UInt8], at offset: UInt64) async throws(NFSError) {
        try await connection.write(bytes, at: offset, to: self)
    }

    /// Up to `count` bytes, and no more than one RPC can carry; empty at the end of the file.
    package func read(_ count: Int, at offset: UInt64) async throws(NFSError) -> [UInt8] {
        try await connection.read(count, at: offset, from: self)
    }

    /// COMMIT: what was written is on the server's disk.
    package func sync() async throws(NFSError) { try await connection.sync(self) }

    package func close() async throws(NFSError) { try await connection.close(self) }
}
