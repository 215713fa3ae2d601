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
    /// Other than 0 when the report itself is bad news.
    let status: Int32

    init(_ document: any Encodable & Sendable, text: String, names: [String], status: Int32 = 0) {
        self.document = document
        self.text = text.hasSuffix("\n") || text.isEmpty ? text : text + "\n"
        self.names = names
        self.status = status
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
