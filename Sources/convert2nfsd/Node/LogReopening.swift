import ServiceLifecycle
import UnixSignals

/// Reopens the log files at SIGHUP, as logrotate(8) asks for.
struct LogReopening: Service {
    let files: LogFiles

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { files.reopen() }
    }
}
