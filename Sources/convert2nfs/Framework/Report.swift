import ArgumentParser
import NodeAPI

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table
    case json
    case yaml
    case name
}

/// What a command found or did, to be shown as the user wants it.
struct Report: Sendable {
    /// For json and yaml.
    private let document: any Encodable & Sendable
    /// For people: a table, a sheet or a sentence.
    private let text: String
    /// For scripts: what the other commands take as their argument, one a line.
    private let names: [String]
    /// What to say on standard error, and how to end, when the report itself is bad news.
    let failure: Failure?

    struct Failure: Equatable, Sendable {
        let message: String
        let status: ExitStatus
    }

    init(_ document: any Encodable & Sendable, text: String, names: [String], failure: Failure? = nil) {
        self.document = document
        self.text = text.hasSuffix("\n") || text.isEmpty ? text : text + "\n"
        self.names = names
        self.failure = failure
    }

    func rendered(as format: OutputFormat) throws(StorageError) -> String {
        switch format {
        case .table: text
        case .json: String(decoding: try WireCoder(isPretty: true).encode(document), as: UTF8.self) + "\n"
        case .yaml: try WireCoder().yaml(document)
        case .name: names.map { $0 + "\n" }.joined()
        }
    }
}
