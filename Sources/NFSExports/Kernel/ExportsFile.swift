import HostTools

/// A text of exports(5), which an operator writes, as nfs-utils reads it. As bytes: what is not touched stays as it is, in whatever
/// encoding. Pure.
package struct ExportsFile: Hashable, Sendable {
    /// What exports one path, over as many lines of the text as it takes.
    package struct Line: Hashable, Sendable {
        /// On one line, with single spaces, and without its comment.
        package let text: String
        /// As it is written, without a slash at its end.
        package let path: String
        /// As they are written, with their options.
        private let clientWords: [Substring]
        fileprivate let place: Range<Int>

        /// Whether it takes what is mounted below its path along.
        var crossesMounts: Bool {
            clientWords.flatMap { $0.split { "-(),".contains($0) } }.contains("crossmnt")
        }

        /// Whom it names, as it is written; everybody is an empty text.
        var clients: [String] {
            clientWords.filter { !$0.hasPrefix("-") }.map { String($0.prefix { $0 != "(" }) }
        }
    }

    package let lines: [Line]
    private let physical: [ArraySlice<UInt8>]

    package init(_ text: String) { self.init(Array(text.utf8)) }

    package init(_ bytes: [UInt8]) {
        physical = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var lines: [Line] = []
        var (content, start): ([UInt8], Int) = ([], 0)
        for index in physical.indices {
            let part = Part(physical[index])
            content += part.content
            if part.continues, index + 1 < physical.count { continue }
            if let line = Line(content, start..<index + 1) { lines.append(line) }
            (content, start) = ([], index + 1)
        }
        self.lines = lines
    }

    /// The text with those lines as comments, after one that says why.
    func retiring(_ note: String, where isRetired: (Line) -> Bool) -> [UInt8] {
        let retired = lines.filter(isRetired).map(\.place)
        let result = physical.indices.map { index -> [UInt8] in
            guard let place = retired.first(where: { $0.contains(index) }) else { return Array(physical[index]) }
            return Array((index == place.lowerBound ? "# \(note)\n# " : "# ").utf8) + physical[index]
        }
        return Array(result.joined(separator: [UInt8(ascii: "\n")]))
    }
}

/// What a physical line adds to a logical one. A comment begins where a word could, outside quotes, and ends with its line, whatever that
/// ends with; a backslash at the end of another line joins it with the next.
private struct Part {
    let content: [UInt8]
    let continues: Bool

    init(_ line: ArraySlice<UInt8>) {
        var (isQuoted, isWordStart) = (false, true)
        for index in line.indices {
            let byte = line[index]
            if byte == UInt8(ascii: "#"), isWordStart, !isQuoted {
                content = Array(line[..<index])
                continues = false
                return
            }
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            isWordStart = [UInt8(ascii: " "), UInt8(ascii: "\t")].contains(byte)
        }
        continues = line.last == UInt8(ascii: "\\")
        content = continues ? line.dropLast() + [UInt8(ascii: " ")] : Array(line)
    }
}

extension ExportsFile.Line {
    /// Nil for one that exports nothing.
    fileprivate init?(_ content: [UInt8], _ place: Range<Int>) {
        let text = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard let (path, clients) = Self.path(of: text) else { return nil }
        self.text = text
        self.path = path
        clientWords = clients.split(separator: " ")
        self.place = place
    }

    /// The first word, or what is in quotes, and what follows it; bytes may be written in octal.
    private static func path(of text: String) -> (path: String, clients: Substring)? {
        let isQuoted = text.hasPrefix("\"")
        let rest = isQuoted ? text.dropFirst() : text[...]
        guard rest.hasPrefix("/"), let word = rest.split(separator: isQuoted ? "\"" : " ").first else { return nil }
        let path = OctalEscapes.decode(Array(word.utf8)[...])
        let clients = rest[word.endIndex...].drop { $0 == "\"" }
        return (path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path, clients)
    }
}

extension String {
    /// Of a path, whether it lies in the directory or below it.
    func lies(below directory: String) -> Bool {
        self != directory && hasPrefix(directory == "/" ? "/" : directory + "/")
    }
}
