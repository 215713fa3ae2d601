import FoundationEssentials
import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The daemon's log: everything to one file, errors once more to another, and to standard error where that is a
/// terminal. Safe to use from any thread; a full disk or a lost file never stops or fails the caller.
final class LogFiles: Sendable {
    private struct Sinks: ~Copyable {
        var all: LogSink
        var errors: LogSink
    }

    private let sinks: Mutex<Sinks>
    private let level: Logger.Level
    private let echoes: Bool
    private let now: @Sendable () -> Date

    /// Opens both files. Throws if either cannot be opened: a daemon whose log is lost from the start must not run
    /// unnoticed.
    init(
        _ settings: Configuration.Log, echoesToStandardError: Bool = isatty(STDERR_FILENO) == 1,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws(LogFileError) {
        sinks = Mutex(Sinks(all: try LogSink(path: settings.file), errors: try LogSink(path: settings.errors)))
        level = settings.level
        echoes = echoesToStandardError
        self.now = now
    }

    /// A logger that writes here, at the configured level.
    func logger(_ label: String) -> Logger {
        Logger(label: label) { _ in LogFileHandler(files: self, logLevel: self.level) }
    }

    /// Goes on in the files that are at the paths now, for logrotate(8). A file that cannot be opened leaves the old
    /// one in use, and the log says so.
    func reopen() {
        let failures = sinks.withLock { sinks in
            var failures: [LogFileError] = []
            do throws(LogFileError) { try sinks.all.reopen() } catch { failures.append(error) }
            do throws(LogFileError) { try sinks.errors.reopen() } catch { failures.append(error) }
            return failures
        }
        for failure in failures {
            write(level: .error, message: "\(failure)", metadata: [:], error: nil)
        }
    }

    func write(level: Logger.Level, message: String, metadata: Logger.Metadata, error: (any Error)?) {
        let time = now()
        let line = LogLine.text(time: time, level: level, message: message, metadata: metadata, error: error)
        let notice = { (dropped: Int, reason: String) in
            LogLine.text(
                time: time, level: .warning, message: "log lines were lost",
                metadata: ["count": "\(dropped)", "reason": .string(reason)])
        }
        sinks.withLock { sinks in
            sinks.all.write(line, notice: notice)
            if level >= .error { sinks.errors.write(line, notice: notice) }
        }
        if echoes { echo(line) }
    }

    /// Leaves the line out where the terminal does not take it at once, as after Ctrl-S.
    private func echo(_ line: String) {
        var terminal = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&terminal, 1, 0) == 1, terminal.revents & Int16(POLLOUT) != 0 else { return }
        let bytes = Array("\(line)\n".utf8)
        toStandardError(bytes)
    }
}

/// What swift-log calls. A value: changing a logger's level or metadata changes no other logger's.
struct LogFileHandler: LogHandler {
    let files: LogFiles
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(files: LogFiles, logLevel: Logger.Level) {
        self.files = files
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// What the event itself says goes before the provider's, and that before the logger's own.
    func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        files.write(level: event.level, message: "\(event.message)", metadata: fields, error: event.error)
    }
}

private func toStandardError(_ bytes: [UInt8]) { _ = write(STDERR_FILENO, bytes, bytes.count) }
