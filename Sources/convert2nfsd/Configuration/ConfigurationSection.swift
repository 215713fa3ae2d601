import Yams

/// What is wrong with a value; becomes a finding where the value stands.
struct Refusal: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

/// Collects the faults of one file while it is read, so that an operator sees all of them at once. Not shared.
final class ConfigurationFaults {
    private let file: String
    private(set) var findings: [ConfigurationError.Finding] = []
    private var faultyPaths: Set<String> = []
    private var lines: [String: Int] = [:]

    init(file: String) { self.file = file }

    func note(_ path: String, at line: Int?) { lines[path] = line }

    /// A fault of the value at `path`; its line is the one that was noted, unless `line` says another.
    func add(_ path: String, line: Int? = nil, _ message: String) {
        faultyPaths.insert(path)
        findings.append(.init(file: file, line: line ?? lines[path], path: path, message: message))
    }

    /// Whether one of them could not be read, so that a rule about them would only confuse.
    func any(_ paths: String...) -> Bool { paths.contains(where: faultyPaths.contains) }

    /// Whether the file says something there, so that a finding can point at it.
    func isGiven(_ path: String) -> Bool { lines[path] != nil }

    /// Throws all of them in the order of the file, if there are any.
    func check() throws(ConfigurationError) {
        guard !findings.isEmpty else { return }
        let ordered = findings.enumerated().sorted {
            ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
        }
        throw ConfigurationError(findings: ordered.map(\.element))
    }
}

/// The keys below one place of the file. Reading a value never stops: a bad one is a finding, and the default goes on.
struct ConfigurationSection {
    let path: String
    private var nodes: [String: Node] = [:]
    private let faults: ConfigurationFaults

    /// `node` nil or without a value is a section without keys.
    init(_ node: Node?, path: String, keys: [String], faults: ConfigurationFaults) {
        self.path = path
        self.faults = faults
        guard let node, node.null == nil else { return }
        guard let mapping = node.mapping else {
            faults.add(path, line: node.line, "found \(node.kind), expected the keys \(keys.listed)")
            return
        }
        for (key, value) in mapping { read(key, value, keys) }
    }

    private mutating func read(_ key: Node, _ value: Node, _ keys: [String]) {
        guard let scalar = key.scalar else {
            faults.add(path.isEmpty ? "?" : path, line: key.line, "found \(key.kind) as a key; allowed: \(keys.listed)")
            return
        }
        let name = String(scalar.string.drop { $0 == ConfigurationDocument.repeatMark })
        let place = self.place(of: name.shown)
        guard name == scalar.string else {
            faults.add(place, line: key.line, "the key is given again further down; keep one of them")
            return
        }
        guard keys.contains(name) else {
            let near = keys.min { $0.distance(to: name) < $1.distance(to: name) }
            let hint = near.flatMap { $0.distance(to: name) <= 2 ? "; did you mean \($0)?" : nil } ?? ""
            faults.add(place, line: key.line, "unknown key\(hint)\(hint.isEmpty ? ";" : "") allowed: \(keys.listed)")
            return
        }
        faults.note(place, at: key.line)
        nodes[name] = value
    }

    func place(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    func node(_ key: String) -> Node? { nodes[key] }

    /// The converted value of `key`; `fallback` if it is not given or refused.
    func value<Value>(_ key: String, default fallback: Value, _ convert: (Node) throws(Refusal) -> Value) -> Value {
        optional(key, convert) ?? fallback
    }

    /// The converted value of a key without a default; nil, with a finding, if it is missing or refused.
    func required<Value>(_ key: String, line: Int?, _ convert: (Node) throws(Refusal) -> Value) -> Value? {
        if nodes[key] == nil { faults.add(place(of: key), line: line, "the key is missing") }
        return optional(key, convert)
    }

    private func optional<Value>(_ key: String, _ convert: (Node) throws(Refusal) -> Value) -> Value? {
        guard let node = nodes[key] else { return nil }
        do throws(Refusal) {
            guard node.null == nil else { throw Refusal("the key has no value; write one, or remove the key") }
            return try convert(node)
        } catch {
            faults.add(place(of: key), error.message)
            return nil
        }
    }

    /// Each element of a list with its place, like `pools[0]`; nil if the key is not given or holds no list.
    func elements(_ key: String) -> [(place: String, node: Node)]? {
        let list: Node.Sequence? = optional(key) { node throws(Refusal) in
            guard let list = node.sequence else { throw Refusal("found \(node.kind), expected a list") }
            return list
        }
        return list.map { list in
            list.enumerated().map { index, node in
                let place = "\(self.place(of: key))[\(index)]"
                faults.note(place, at: node.line)
                return (place, node)
            }
        }
    }
}

extension String {
    /// How many characters must be added, removed or replaced to make `other` of it (Levenshtein); long texts are far
    /// from all.
    fileprivate func distance(to other: String) -> Int {
        let from = Array(utf8)
        let to = Array(other.utf8)
        guard from.count <= 32, to.count <= 32 else { return .max }
        var row = Array(0...to.count)
        for (index, byte) in from.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in to.indices {
                let above = row[column + 1]
                let replaced = diagonal + (byte == to[column] ? 0 : 1)
                row[column + 1] = Swift.min(replaced, above + 1, row[column] + 1)
                diagonal = above
            }
        }
        return row[to.count]
    }
}
