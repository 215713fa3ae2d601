/// Proves that an export can be used: mounts it (NFSv3, in this process), makes a file of its own, writes and syncs
/// random bytes, reads them back over a second connection, compares, removes the file and unmounts. Whatever fails, the
/// file is removed if the server still lets it. Needs no privileges but those the server asks of its clients.
package struct ExportCheck: Sendable {
    package enum Step: String, CaseIterable, Encodable, Sendable {
        case mount, create, write, sync, read, compare, remove, unmount
    }

    package struct Measured: Encodable, Equatable, Sendable {
        package let step: Step
        package let seconds: Double
    }

    package struct Outcome: Sendable {
        /// Those that succeeded, in order.
        package let steps: [Measured]
        package let failure: Failure?

        package init(steps: [Measured], failure: Failure?) {
            self.steps = steps
            self.failure = failure
        }
    }

    package struct Failure: Sendable {
        package let step: Step
        package let error: any Error
        /// What the volume had left when writing failed, for libnfs does not always say that it was full.
        package let bytesLeft: UInt64?

        package init(step: Step, error: any Error, bytesLeft: UInt64? = nil) {
            self.step = step
            self.error = error
            self.bytesLeft = bytesLeft
        }
    }

    /// What came back is not what was written.
    package struct Mismatch: Error, Equatable {
        package let offset: Int
        package init(offset: Int) { self.offset = offset }
    }

    package let target: NFSConnection.Target
    package let byteCount: Int
    /// Of the file, within the export; another for each check.
    package let name: String

    package init(target: NFSConnection.Target, byteCount: Int) {
        self.target = target
        self.byteCount = byteCount
        name = ".convert2nfs-check-" + String(UInt64.random(in: .min ... .max), radix: 16)
    }

    /// Never throws: a failure is an outcome.
    package func run() async -> Outcome {
        let path = "/\(name)"
        let writer = NFSConnection(target)
        let reader = NFSConnection(target)
        var stopwatch = Stopwatch()
        do {
            try await use(path, writer, reader, &stopwatch)
            return Outcome(steps: stopwatch.steps, failure: nil)
        } catch {
            let step = stopwatch.current
            let bytesLeft = step == .write || step == .sync ? try? await writer.usage().available : nil
            // A file that was never made cannot be removed, and a server that is gone will not remove it: nothing to
            // add.
            if stopwatch.steps.contains(where: { $0.step == .create }), step != .unmount {
                try? await writer.remove(path)
            }
            await reader.close()
            await writer.close()
            let failure = Failure(step: step, error: error, bytesLeft: bytesLeft)
            return Outcome(steps: stopwatch.steps, failure: failure)
        }
    }

    private func use(
        _ path: String, _ writer: NFSConnection, _ reader: NFSConnection, _ stopwatch: inout Stopwatch
    ) async throws {
        let content = Self.randomBytes(byteCount)
        try await stopwatch.measure(.mount) { try await writer.mount() }
        let file = try await stopwatch.measure(.create) { try await writer.open(path, creating: true) }
        try await stopwatch.measure(.write) { try await file.write(content, at: 0) }
        try await stopwatch.measure(.sync) { try await file.sync() }
        let back = try await stopwatch.measure(.read) {
            try await reader.mount()
            return try await reader.read(path)
        }
        try await stopwatch.measure(.compare) { try Self.compare(back, with: content) }
        try await stopwatch.measure(.remove) {
            try await file.close()
            try await writer.remove(path)
        }
        try await stopwatch.measure(.unmount) {
            await reader.close()
            await writer.close()
        }
    }

    package static func compare(_ back: [UInt8], with content: [UInt8]) throws(Mismatch) {
        guard back != content else { return }
        let offset = zip(back, content).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        throw Mismatch(offset: offset ?? min(back.count, content.count))
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }
}

/// Which step runs, and how long those before it took.
private struct Stopwatch {
    private(set) var steps: [ExportCheck.Measured] = []
    private(set) var current = ExportCheck.Step.mount

    mutating func measure<Result>(_ step: ExportCheck.Step, _ work: () async throws -> Result) async throws -> Result {
        current = step
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await work()
        let (seconds, attoseconds) = (clock.now - start).components
        steps.append(.init(step: step, seconds: Double(seconds) + Double(attoseconds) / 1e18))
        return result
    }
}
