import FoundationEssentials
import StorageCore
import Yams

/// How documents become JSON and back: keys sorted, slashes plain, so that equal documents are equal bytes.
package struct WireCoder: Sendable {
    package static let mediaType = "application/json"
    /// RFC 9457, section 3.
    package static let problemMediaType = "application/problem+json"

    private let isPretty: Bool

    /// `isPretty` breaks lines and indents, for people.
    package init(isPretty: Bool = false) { self.isPretty = isPretty }

    /// `internal` for a value JSON cannot hold, which no document has.
    package func encode(_ document: some Encodable) throws(StorageError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        do {
            return try encoder.encode(document)
        } catch {
            throw StorageError(.internal, "a document could not be written as JSON", cause: error)
        }
    }

    /// A document that a server sent. Unknown keys are skipped, so that an old client reads a newer server;
    /// `internal` if the document is not what the route promises.
    package func decode<Document: Decodable>(_ type: Document.Type, from data: Data) throws(StorageError) -> Document {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw StorageError(
                .internal, "the server's answer is not a \(type); is the server another version, or another program?",
                cause: error)
        }
    }
}

extension WireCoder {
    /// The document as YAML for people, keys in the order the document has them. Errors as for `encode`.
    package func yaml(_ document: some Encodable) throws(StorageError) -> String {
        do {
            return try YAMLEncoder().encode(document)
        } catch {
            throw StorageError(.internal, "a document could not be written as YAML", cause: error)
        }
    }
}
