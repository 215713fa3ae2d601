import NFSClient

extension Stage {
    func createVolume() async throws -> Finding {
        let lines = try await commandLine(
            "volume", "create", Self.data, "--size", "1Gi", "--filesystem", "xfs", "--client", Self.client)
        let usage = try await usage(of: Self.data)
        try claim(
            usage.total >= 922 << 20 && usage.total <= 1 << 30,
            otherwise: "an NFS client sees \(Shown.mebibytes(usage.total)) in a volume of 1 GiB")
        return Finding("\(Self.data): 1 GiB of xfs, an NFS client sees \(Shown.mebibytes(usage.total))", details: lines)
    }

    func copyTree() async throws -> Finding {
        let (sent, time) = try await timed { try await transfer(Self.data).copy() }
        fingerprint = sent
        return Finding(
            "\(Shown.count(tree.files.count)) files, \(Shown.mebibytes(tree.byteCount)) over NFS, each synced: "
                + "\(Shown.rate(tree.byteCount, in: time)), checksum \(sent)")
    }

    func compareTree() async throws -> Finding { try await compare(Self.data, "over other connections") }

    func deleteTree() async throws -> Finding {
        try await transfer(Self.data).remove()
        let names = try await rootNames(of: Self.data)
        try claim(!names.contains("tree"), otherwise: "the tree is still in \(Self.data)")
        return Finding("\(Shown.count(tree.files.count)) files removed from \(Self.data) over NFS, none is left")
    }

    /// Reads the tree back from a volume; every byte must be the one that was sent.
    func compare(_ volume: String, _ how: String, details: [String] = []) async throws -> Finding {
        let (back, time) = try await timed { try await transfer(volume).compare() }
        try await claimSame(back, "what came back")
        return Finding(
            "\(Shown.count(tree.files.count)) files read back \(how): \(Shown.rate(tree.byteCount, in: time)), "
                + "same bytes, checksum \(back)", details: details)
    }

    func usage(of volume: String) async throws -> NFSUsage {
        try await connected(to: volume) { try await $0.usage() }
    }

    func rootNames(of volume: String) async throws -> [String] {
        try await connected(to: volume) { try await $0.list("/") }
    }

    private func connected<Value: Sendable>(
        to volume: String, _ body: @Sendable (NFSConnection) async throws -> Value
    ) async throws -> Value {
        let connection = NFSConnection(try target(volume))
        try await connection.mount()
        let value = try await body(connection)
        await connection.close()
        return value
    }

    func timed<Value: Sendable>(_ work: () async throws -> Value) async throws -> (Value, Duration) {
        let clock = ContinuousClock()
        let start = clock.now
        return (try await work(), clock.now - start)
    }
}
