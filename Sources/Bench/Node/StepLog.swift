import BenchReport
import FoundationEssentials
import NodeHarness
import StorageCore

/// What the daemon's log says of how long the steps of creates took.
struct StepLog {
    /// Of all volumes in `namespace`, in the order of the log.
    let parts: [Timeline.Part]

    init(of node: DaemonNode, namespace: Namespace) throws {
        let text = try String(contentsOfFile: node.logFile, encoding: .utf8)
        parts = text.split(separator: "\n").compactMap { Self.part($0, "volume=\(namespace)/") }
    }

    private static func part(_ line: Substring, _ volume: String) -> Timeline.Part? {
        let fields = line.split(separator: " ")
        guard line.contains(" volume.create: "), fields.contains(where: { $0.hasPrefix(volume) }),
            let step = value("step", fields), let text = value("duration", fields), text.hasSuffix("ms"),
            let milliseconds = Double(text.dropLast(2))
        else { return nil }
        return Timeline.Part(name: String(step), duration: .seconds(milliseconds / 1000))
    }

    private static func value(_ key: String, _ fields: [Substring]) -> Substring? {
        fields.first { $0.hasPrefix("\(key)=") }?.dropFirst(key.count + 1)
    }
}
