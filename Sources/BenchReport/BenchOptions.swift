import StorageCore

/// What a bench is asked for. The raw values of `Measure` are what `--only` takes.
package struct BenchOptions<Measure>: Sendable
where Measure: RawRepresentable<String> & CaseIterable & Hashable & Sendable {
    package private(set) var measures = Set(Measure.allCases)
    /// Fewer runs: to see whether something is badly wrong, not to compare.
    package private(set) var isQuick = false
    package private(set) var wantsHelp = false
    package let usage: String

    /// Throws `invalidArgument` naming what is not understood.
    package init(program: String, arguments: some Sequence<String>) throws(StorageError) {
        usage = """
            usage: \(program) [--quick] [--only MEASURE...]
            measures: \(Measure.allCases.map(\.rawValue).joined(separator: " "))
            """
        var chosen: Set<Measure>?
        for argument in arguments {
            switch argument {
            case "--quick": isQuick = true
            case "--help", "-h": wantsHelp = true
            case "--only": chosen = chosen ?? []
            default:
                guard chosen != nil, let measure = Measure(rawValue: argument) else {
                    throw StorageError(.invalidArgument, "\"\(argument)\" is not understood\n\(usage)")
                }
                chosen?.insert(measure)
            }
        }
        guard let chosen else { return }
        guard !chosen.isEmpty else { throw StorageError(.invalidArgument, "--only names no measure\n\(usage)") }
        measures = chosen
    }
}
