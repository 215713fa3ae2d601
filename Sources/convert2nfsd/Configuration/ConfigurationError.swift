/// What is wrong with a configuration: every fault of the file, in its order. Printed one a line, as compilers do.
struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    struct Finding: Sendable, Equatable, CustomStringConvertible {
        let file: String
        /// From 1; nil for what is wrong with the file as a whole.
        let line: Int?
        /// The key's place, like `pools[0].directory`; nil for what is wrong with the text as YAML.
        let path: String?
        /// What was found, and what is allowed.
        let message: String

        /// `file:line: key.path: message`.
        var description: String {
            "\(file):\(line.map { "\($0): " } ?? " ")\(path.map { "\($0): " } ?? "")\(message)"
        }
    }

    /// Never empty.
    let findings: [Finding]

    var description: String { findings.map(\.description).joined(separator: "\n") }
}
