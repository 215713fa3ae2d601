import StorageCore

/// What can be measured; the names are what `--only` takes.
enum Measure: String, CaseIterable {
    case create
    case concurrent
    case growth
    case memory
    case restart
    case page
}

struct BenchOptions {
    private(set) var measures = Set(Measure.allCases)
    /// Fewer runs: to see whether something is badly wrong, not to compare.
    private(set) var isQuick = false
    private(set) var wantsHelp = false

    static let usage = """
        usage: convert2nfs-bench [--quick] [--only MEASURE...]
        measures: \(Measure.allCases.map(\.rawValue).joined(separator: " "))
        """

    /// Throws `invalidArgument` naming what is not understood.
    init(arguments: some Sequence<String>) throws(StorageError) {
        var chosen: Set<Measure>?
        for argument in arguments {
            switch argument {
            case "--quick": isQuick = true
            case "--help", "-h": wantsHelp = true
            case "--only": chosen = chosen ?? []
            default:
                guard chosen != nil, let measure = Measure(rawValue: argument) else {
                    throw StorageError(.invalidArgument, "\"\(argument)\" is not understood\n\(Self.usage)")
                }
                chosen?.insert(measure)
            }
        }
        guard let chosen else { return }
        guard !chosen.isEmpty else { throw StorageError(.invalidArgument, "--only names no measure\n\(Self.usage)") }
        measures = chosen
    }
}
