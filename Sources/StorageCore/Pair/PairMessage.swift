/// What one node of a pair says to the other, with what it tells of itself.
package struct PairMessage: Hashable, Sendable, Codable {
    package enum Request: Hashable, Sendable, Codable {
        /// How are you?
        case report
        /// May I serve under this epoch?
        case claim(Epoch)
        /// I have let go of the service: serve under this epoch.
        case takeOver(Epoch)
        /// I go on alone: mark your copy as outdated.
        case outdate
    }

    package let request: Request
    package let report: PairReport

    package init(_ request: Request, report: PairReport) {
        self.request = request
        self.report = report
    }
}

/// The answer to a `PairMessage`.
package struct PairAnswer: Hashable, Sendable, Codable {
    /// Whether what was asked for is done, durably; true of a report.
    package let isGranted: Bool
    package let report: PairReport

    package init(isGranted: Bool, report: PairReport) {
        self.isGranted = isGranted
        self.report = report
    }
}
