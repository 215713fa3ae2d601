import HostTools
import StorageCore

/// A text of exports(5), which an operator writes. Pure.
package struct ExportsFile: Hashable, Sendable {
    /// What exports one path, over as many lines of the text as it takes.
    package struct Line: Hashable, Sendable {
        /// On one line, with single spaces, and without its comment.
        package let text: String
        package let path: String
        /// As they are written, with their options.
        private let clientWords: [Substring]
        fileprivate let place: Range<Int>

        /// Whether it exports what is mounted at `mount`: by its own path, or by one above that takes what is mounted below it
        /// along.
        package func concerns(_ mount: MountPath) -> Bool { path == mount.value || isAbove(mount.value) }

        /// Whether it takes what is mounted at `mount` along with what it exports.
        func isAbove(_ mount: String) -> Bool {
            let options = clientWords.flatMap { $0.split { "-(),".contains($0) } }
            return options.contains("crossmnt") && mount.lies(below: path)
        }

        /// Whom it names, as it is written.
        var clients: [String] {
            clientWords.filter { !$0.hasPrefix("-") }.map { String($0.prefix { $0 != "(" }) }
        }
    }

    package let lines: [Line]
    private let physical: [Substring]

    package init(_ text: String) {
        physical = text.split(separator: "\n", omittingEmptySubsequences: false)
        var lines: [Line] = []
        var start = 0
        for index in physical.indices where !physical[index].hasSuffix("\\") {
            if let line = Line(physical, start..<index + 1) { lines.append(line) }
            start = index + 1
        }
        if start < physical.count, let line = Line(physical, start..<physical.count) { lines.append(line) }
        self.lines = lines
    }

    /// The text with those lines as comments, after one that says why.
    func retiring(_ note: String, where isRetired: (Line) -> Bool) -> String {
        let retired = lines.filter(isRetired).map(\.place)
        return physical.indices.map { index in
            guard let place = retired.first(where: { $0.contains(index) }) else { return String(physical[index]) }
            return (index == place.lowerBound ? "# \(note)\n" : "") + "# \(physical[index])"
        }.joined(separator: "\n")
    }
}

extension ExportsFile.Line {
    /// A backslash at its end joins a line with the next. Nil for one that exports nothing.
    fileprivate init?(_ physical: [Substring], _ place: Range<Int>) {
        let joined = physical[place].map { $0.hasSuffix("\\") ? $0.dropLast() : $0 }.joined(separator: " ")
        let text = (joined.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).first ?? "")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
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
