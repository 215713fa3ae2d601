import NodeAPI
import Synchronization

/// One line on a terminal that says what is being waited for; it appears only when that takes longer than a moment, and
/// is gone afterwards. Where nobody looks, it writes nothing.
final class ProgressLine: Sendable {
    private static let patience = Duration.milliseconds(500)
    private static let interval = Duration.milliseconds(120)
    private static let frames = ["|", "/", "-", "\\"]

    private let console: Console
    private let isShown: Bool
    private let activity: String
    private let latest = Mutex<(step: String?, progress: Double?)>((nil, nil))

    init(_ activity: String, on console: Console, isShown: Bool) {
        self.activity = activity
        self.console = console
        self.isShown = isShown
    }

    /// What is being done from now on; `progress` is how much of it is, from 0 to 1.
    func update(step: String?, progress: Double?) { latest.withLock { $0 = (step, progress) } }

    /// Shows the line while `body` runs.
    func during<Result: Sendable>(_ body: () async throws(StorageError) -> Result) async throws(StorageError) -> Result
    {
        let drawing = isShown ? Task { await draw() } : nil
        do {
            let result = try await body()
            await stop(drawing)
            return result
        } catch {
            await stop(drawing)
            throw error
        }
    }

    /// What the line says after `elapsed`.
    func text(frame: Int, elapsed: Duration) -> String {
        let (now, progress) = latest.withLock { $0 }
        let step = now.map { ": \($0)" } ?? ""
        let share = progress.map { " \(Self.bar(min(1, max(0, $0))))" } ?? ""
        return "\(Self.frames[frame % Self.frames.count]) \(activity)\(step)\(share) (\(elapsed.components.seconds) s)"
    }

    private static func bar(_ share: Double) -> String {
        let full = Int(share * 20)
        let bar = String(repeating: "#", count: full) + String(repeating: "-", count: 20 - full)
        return "[\(bar)] \(Int((share * 100).rounded(.down)))%"
    }

    private func stop(_ drawing: Task<Void, Never>?) async {
        drawing?.cancel()
        await drawing?.value
    }

    private func draw() async {
        let clock = ContinuousClock()
        let start = clock.now
        guard (try? await clock.sleep(for: Self.patience)) != nil else { return }
        var frame = 0
        repeat {
            console.write("\r\u{1B}[K\(text(frame: frame, elapsed: clock.now - start))")
            frame += 1
        } while (try? await clock.sleep(for: Self.interval)) != nil
        console.write("\r\u{1B}[K")
    }
}
