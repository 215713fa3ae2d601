/// How long one piece of work took, and its parts in their order.
package struct Timeline: Sendable {
    package struct Part: Sendable {
        package let name: String
        package let duration: Duration

        package init(name: String, duration: Duration) {
            self.name = name
            self.duration = duration
        }
    }

    package private(set) var parts: [Part] = []
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now

    package init() {}

    /// From its making to the end of the last part.
    package var total: Duration { last - start }

    /// What went on since the end of the part before was this.
    package mutating func finish(_ name: String) {
        let now = ContinuousClock.now
        parts.append(Part(name: name, duration: now - last))
        last = now
    }
}

extension Sequence<Timeline.Part> {
    /// The medians of the parts with the same name, in the order of their first appearance.
    package func medians() -> [Timeline.Part] {
        var names: [String] = []
        var durations: [String: [Duration]] = [:]
        for part in self {
            if durations[part.name] == nil { names.append(part.name) }
            durations[part.name, default: []].append(part.duration)
        }
        return names.compactMap { name in
            durations[name].map { Timeline.Part(name: name, duration: $0.median) }
        }
    }
}

extension Sequence<Timeline.Part> {
    package var text: String { map { "\($0.name) \($0.duration.text)" }.joined(separator: ", ") }
}
