import HostTools

/// What the kernel's server is told to serve, as exportfs(8) keeps it in `/var/lib/nfs/etab`: a line for each path and
/// client. exportfs(8) prints the same for people, wrapped and with other words (`<world>`). Pure.
package struct ExportTab: Sendable {
    package struct Entry: Sendable {
        package let path: String
        package let client: String
        /// As they are: nearly all are of paths that nobody asks for.
        private let optionText: Substring

        init(path: String, client: String, options: Substring) {
            self.path = path
            self.client = client
            optionText = options
        }

        package var options: Set<String> { Set(optionText.split(separator: ",").map(String.init)) }

        /// Nil if it is none that we would make.
        var rule: KernelRule? { KernelRule(client: client, options: options) }
    }

    private let byPath: [String: [Entry]]

    /// Lines that are not of the form are left out: they serve nothing.
    package init(_ text: String) {
        byPath = Dictionary(grouping: text.split(separator: "\n").compactMap(Self.entry), by: \.path)
    }

    var paths: Set<String> { Set(byPath.keys) }

    /// In the order that mountd has them in.
    package func entries(at path: String) -> [Entry] { byPath[path] ?? [] }

    /// `PATH<tab>CLIENT(OPTION,…)`.
    private static func entry(_ line: Substring) -> Entry? {
        guard let tab = line.utf8.firstIndex(of: 0x09), let open = line.utf8.lastIndex(of: 0x28), tab < open,
            line.utf8.last == 0x29
        else { return nil }
        let client = line[line.utf8.index(after: tab)..<open]
        return Entry(
            path: OctalEscapes.decode(Array(line[..<tab].utf8)[...]), client: String(client),
            options: line[line.utf8.index(after: open)...].dropLast())
    }
}
