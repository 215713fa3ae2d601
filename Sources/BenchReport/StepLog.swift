/// What the daemon's log says of how long the steps of creates took.
package struct StepLog {
    /// Of all volumes in the namespace, in the order of the log.
    package let parts: [Timeline.Part]

    package init(_ text: String, namespace: String) {
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
