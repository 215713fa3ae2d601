/// One thing that is shown: done for real, checked, and told in one line.
struct Step: Sendable {
    /// One word.
    let title: String
    /// Throws unless all that it tells is so.
    let perform: @Sendable (Stage) async throws -> Finding

    init(_ title: String, _ perform: @escaping @Sendable (Stage) async throws -> Finding) {
        self.title = title
        self.perform = perform
    }
}

/// What a step found: one line, and what programs printed.
struct Finding: Sendable {
    let summary: String
    var details: [String] = []

    init(_ summary: String, details: [String] = []) {
        self.summary = summary
        self.details = details
    }
}

/// Something that was to be shown is not so.
struct Untrue: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Throws `otherwise` unless it is so.
func claim(_ isSo: Bool, otherwise: @autoclosure () -> String) throws(Untrue) {
    guard isSo else { throw Untrue(otherwise()) }
}
