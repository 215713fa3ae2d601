import StorageCore
import Yams

/// The text of a configuration file as a tree of nodes with their lines, before any key is looked at.
enum ConfigurationDocument {
    static let sizeLimit = 1 << 20
    /// Put before the earlier ones of equal keys, so that a text with such keys still becomes a tree: the parser
    /// refuses them with the first one's place only, and a reader wants both places and all other faults as well.
    static let repeatMark: Character = "\u{E000}"
    private static let repeatLimit = 64

    /// The root mapping. Throws `ConfigurationError` with a single finding: text that is no tree has no further faults.
    static func compose(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> Node {
        func fail(_ line: Int?, _ message: String) -> ConfigurationError {
            ConfigurationError(findings: [.init(file: file, line: line, path: nil, message: message)])
        }
        guard bytes.count <= sizeLimit else {
            throw fail(nil, "the file is larger than 1 MiB, so it is no configuration")
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw fail(firstInvalidLine(bytes), "the text is not UTF-8; save the file as UTF-8")
        }
        if let line = YAMLReferences.firstLine(in: text) { throw fail(line, YAMLReferences.refusal) }
        let root: Node?
        do {
            root = try tree(of: text)
        } catch {
            throw fail(error.line, error.message)
        }
        guard let root, root.null == nil else {
            throw fail(nil, "the file is empty; remove it to run on the defaults, or write at least one key")
        }
        guard root.mapping != nil else {
            throw fail(
                root.mark?.line, "the file holds \(root.kind), not keys; allowed: \(ConfigurationKeys.top.listed)")
        }
        return root
    }

    private struct Fault: Error {
        let line: Int?
        let message: String
    }

    private static func tree(of text: String) throws(Fault) -> Node? {
        var text = text
        for _ in 0..<repeatLimit {
            do {
                return try Yams.compose(yaml: text)
            } catch let YamlError.duplicatedKeysInMapping(_, context) {
                guard let marked = marking(text, at: context.mark) else {
                    throw Fault(line: context.mark.line, message: "a key is given twice")
                }
                text = marked
            } catch {
                throw fault(of: error)
            }
        }
        throw Fault(line: nil, message: "more than \(repeatLimit) keys are given twice")
    }

    /// The text with the key at `mark` made unlike its namesakes; lines and indentation stay as they are.
    private static func marking(_ text: String, at mark: Mark) -> String? {
        var scalars = text.unicodeScalars
        var index = scalars.startIndex
        for _ in 1..<max(1, mark.line) {
            guard let end = scalars[index...].firstIndex(of: "\n") else { return nil }
            index = scalars.index(after: end)
        }
        let isMarked = scalars.index(index, offsetBy: mark.column - 1, limitedBy: scalars.endIndex)
        guard var place = isMarked, place < scalars.endIndex else { return nil }
        if scalars[place] == "\"" || scalars[place] == "'" { place = scalars.index(after: place) }
        scalars.insert(contentsOf: repeatMark.unicodeScalars, at: place)
        return String(scalars)
    }

    private static func fault(of error: any Error) -> Fault {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let around = context.map { "\($0.text), begun on line \($0.mark.line): " } ?? ""
            return Fault(line: mark.line, message: "not valid YAML: \(around)\(problem)")
        case YamlError.reader(let problem, let offset, _, let yaml):
            let line = offset.map { yaml.prefix($0).count { $0.isNewline } + 1 }
            return Fault(line: line, message: "not valid YAML: \(problem)")
        case YamlError.memory:
            return Fault(line: nil, message: "not valid YAML: the text is nested too deeply")
        default:
            return Fault(line: nil, message: "not valid YAML: \(error)")
        }
    }

    /// The line of the first byte that is part of no character.
    private static func firstInvalidLine(_ bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        return (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0) + 1
    }
}
