@preconcurrency import Dispatch
import Glibc
import Synchronization

/// `convert2nfs-demo`: shows on this machine, with real input, what the project promises. Needs root; run it in
/// namespaces of its own (`make demo`). Ends with 0 if all of it is so, 1 if not, 128 + N after signal N, 64 if called
/// wrongly.
@main
enum Demo {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let stranger = Stranger(arguments) { exit(await stranger.visit()) }
        let narrator = Narrator()
        guard arguments.isEmpty else {
            narrator.say("convert2nfs-demo takes no arguments; run it as root, as \"make demo\" does")
            exit(EX_USAGE)
        }
        exit(await show(narrator))
    }

    private static func show(_ narrator: Narrator) async -> Int32 {
        // Whoever stops reading does not stop the cleaning up.
        signal(SIGPIPE, SIG_IGN)
        let stage: Stage
        do {
            stage = try Stage()
        } catch {
            narrator.say("convert2nfs-demo: \(error)")
            return 1
        }
        narrator.say(stage.opening)
        let work = Task { await Show(narrator: narrator, stage: stage).run() }
        let interruption = Interruption { work.cancel() }
        let isSo = await work.value
        if let number = interruption.signal { return 128 + number }
        return isSo ? 0 : 1
    }
}

/// Turns the signals that end a program into a call; the first of them counts.
final class Interruption: Sendable {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    private let first: First
    private let sources: [any DispatchSourceSignal]

    init(_ onSignal: @escaping @Sendable () -> Void) {
        let first = First()
        self.first = first
        sources = Self.signals.map { number in
            Glibc.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                first.note(number)
                onSignal()
            }
            source.activate()
            return source
        }
    }

    /// The signal that came; nil if none did.
    var signal: Int32? { first.signal }

    private final class First: Sendable {
        private let number = Atomic<Int32>(0)
        var signal: Int32? { number.load(ordering: .acquiring) == 0 ? nil : number.load(ordering: .acquiring) }
        func note(_ signal: Int32) {
            _ = number.compareExchange(expected: 0, desired: signal, ordering: .acquiringAndReleasing)
        }
    }
}
