import BenchReport

/// The daemon's resident memory, idle and with 500 volumes.
enum MemoryRow {
    struct Sample: Sendable {
        /// In KiB.
        let resident: Int
        let peak: Int
        /// Of the daemon and its NFS server while nobody asks for anything; 1 is a whole processor.
        let load: (daemon: Double, server: Double)
    }

    private static let quiet = Duration.seconds(6)

    /// After the daemon has been left alone for a while, in which it looks at all volumes a few times.
    static func measure(_ running: RunningDaemon) async throws -> Sample {
        let before = try running.processorTime()
        try await Task.sleep(for: quiet)
        let after = try running.processorTime()
        return Sample(
            resident: try running.memory("VmRSS"), peak: try running.memory("VmHWM"),
            load: (
                (after.daemon - before.daemon).seconds / quiet.seconds,
                (after.server - before.server).seconds / quiet.seconds
            ))
    }

    static func findings(idle: Sample, loaded: Sample) -> Findings {
        Findings(
            rows: [
                row("resident memory, idle", idle, mebibytes: 48),
                row("resident memory, with \(ManyVolumesRows.count) volumes", loaded, mebibytes: 80),
            ],
            notes: [
                "memory at its most: idle \(text(idle.peak)), with volumes \(text(loaded.peak))",
                "processor time with \(ManyVolumesRows.count) volumes and nothing to do: daemon "
                    + "\((loaded.load.daemon * 100).text(1)) %, NFS server \((loaded.load.server * 100).text(1)) %",
            ])
    }

    private static func row(_ measure: String, _ sample: Sample, mebibytes bar: Int) -> Row {
        Row(
            measure: measure, ours: text(sample.resident), bar: "<= \(bar) MiB", isMet: sample.resident <= bar << 10)
    }

    static func text(_ kibibytes: Int) -> String { "\((Double(kibibytes) / 1024).text(1)) MiB" }
}
