/// The daemon's resident memory, idle and with 500 volumes.
enum MemoryRow {
    struct Sample: Sendable {
        /// In KiB.
        let resident: Int
        let peak: Int
    }

    /// After the daemon has been left alone for a while, in which it looks at all volumes a few times.
    static func measure(_ running: RunningDaemon) async throws -> Sample {
        try await Task.sleep(for: .seconds(5))
        return Sample(resident: try running.memory("VmRSS"), peak: try running.memory("VmHWM"))
    }

    static func findings(idle: Sample, loaded: Sample) -> Findings {
        Findings(
            rows: [
                row("resident memory, idle", idle, mebibytes: 48),
                row("resident memory, with \(ManyVolumesRows.count) volumes", loaded, mebibytes: 80),
            ],
            notes: ["memory at its most: idle \(text(idle.peak)), with volumes \(text(loaded.peak))"])
    }

    private static func row(_ measure: String, _ sample: Sample, mebibytes bar: Int) -> Row {
        Row(
            measure: measure, ours: text(sample.resident), bar: "<= \(bar) MiB", isMet: sample.resident <= bar << 10)
    }

    static func text(_ kibibytes: Int) -> String { "\((Double(kibibytes) / 1024).text(1)) MiB" }
}
