import Glibc

/// Tells on standard output what the demonstration does. Plain text in columns; on a terminal with colours, and with
/// the step that runs now.
struct Narrator: Sendable {
    private static let widthOfTitle = 9
    private static let widthOfSummary = 100
    private let isTerminal: Bool

    init() {
        isTerminal = isatty(STDOUT_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    func say(_ text: String) { write("\(text)\n") }

    func begins(_ number: Int, _ step: Step) {
        if isTerminal { write("\(Self.start(number, step)) \(styled("...", "2"))") }
    }

    func ends(_ number: Int, _ step: Step, _ finding: Finding, after time: Duration) {
        clearLine()
        let seconds = Self.padded(Shown.seconds(time), to: 8, isRight: true)
        let summary = Self.padded(finding.summary, to: Self.widthOfSummary)
        write("\(styled(Self.start(number, step), "32")) \(summary) \(styled(seconds, "2"))\n")
        for line in finding.details { write(line.isEmpty ? "\n" : "      \(styled(line, "2"))\n") }
    }

    func fails(_ number: Int, _ step: Step, _ reason: String, after time: Duration) {
        tell("IS NOT SO", number, step, "after \(Shown.seconds(time)): \(reason)")
    }

    func isInterrupted(_ number: Int, _ step: Step, after time: Duration) {
        tell("interrupted", number, step, "after \(Shown.seconds(time)); cleaning up")
    }

    private func tell(_ verdict: String, _ number: Int, _ step: Step, _ text: String) {
        clearLine()
        write("\(styled(Self.start(number, step), "31")) \(styled(verdict, "1;31")) \(text)\n")
    }

    private func clearLine() {
        if isTerminal { write("\r\u{1B}[K") }
    }

    private static func start(_ number: Int, _ step: Step) -> String {
        "\(padded(String(number), to: 2, isRight: true))  \(padded(step.title, to: widthOfTitle))"
    }

    private static func padded(_ text: String, to width: Int, isRight: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return isRight ? space + text : text + space
    }

    /// With a terminal's attributes (console_codes(4)).
    private func styled(_ text: String, _ attributes: String) -> String {
        isTerminal ? "\u{1B}[\(attributes)m\(text)\u{1B}[0m" : text
    }

    /// Unbuffered. If nobody reads any more there is nobody to tell, and the work goes on.
    private func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
