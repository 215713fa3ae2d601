import CHostShims

/// The processor's timestamp counter. A machine sees the host's, and its kernel finds out at boot how fast it counts by comparing
/// it with a timer that qemu makes. On a busy host the comparison goes wrong now and then, and the machine's clock runs many
/// times too fast; so the kernel is told.
enum TimestampCounter {
    /// Thousands a second. Nil where the processor has none.
    static func rate() async throws -> Int? {
        let start = moment
        guard start.count > 0 else { return nil }
        try await Task.sleep(for: .milliseconds(50))
        let end = moment
        let passed = (end.time - start.time).components
        let milliseconds = Double(passed.seconds) * 1e3 + Double(passed.attoseconds) / 1e15
        return Int(Double(end.count - start.count) / milliseconds)
    }

    /// The count and the time at one moment: of some tries the one that was interrupted least.
    private static var moment: (count: UInt64, time: ContinuousClock.Instant) {
        let tries = (0..<16).map { _ in (before: host_tsc(), time: ContinuousClock.now, after: host_tsc()) }
        let best = tries.min { $0.after - $0.before < $1.after - $1.before } ?? tries[0]
        return (best.before, best.time)
    }
}
