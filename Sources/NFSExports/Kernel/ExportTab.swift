import HostTools

/// What the kernel's server is told to serve, as exportfs(8) keeps it in `/var/lib/nfs/etab`: a line for each path and
/// client. exportfs(8) prints the same for people, wrapped and with other words (`<world>`). Pure.
struct ExportTab: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        let path: String
        let client: String
        let options: Set<String>

        /// Nil if it is none that we would make.
        var rule: KernelRule? { KernelRule(client: client, options: options) }
    }

    let entries: [Entry]

    /// Lines that are not of the form are left out: they serve nothing.
    init(_ text: String) {
        entries = text.split(separator: "\n").compactMap(Self.entry)
    }

    func entries(at path: String) -> [Entry] { entries.filter { $0.path == path } }

    /// `PATH<tab>CLIENT(OPTION,…)`.
    private static func entry(_ line: Substring) -> Entry? {
        let parts = line.split(separator: "\t", maxSplits: 1)
        guard parts.count == 2, let open = parts[1].lastIndex(of: "("), parts[1].hasSuffix(")") else { return nil }
        let options = parts[1][parts[1].index(after: open)...].dropLast().split(separator: ",").map(String.init)
        return Entry(
            path: OctalEscapes.decode(Array(parts[0].utf8)[...]), client: String(parts[1][..<open]),
            options: Set(options))
    }
}
