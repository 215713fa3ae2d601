import HostTools

/// What the kernel's server is told to serve, as exportfs(8) keeps it in `/var/lib/nfs/etab`: a line for each path and
/// client. exportfs(8) prints the same for people, wrapped and with other words (`<world>`). Pure.
package struct ExportTab: Sendable {
    package struct Entry: Sendable {
        package let path: String
        package let client: String
        /// As they are: nearly all are of paths that nobody asks for.
        fileprivate let optionBytes: ArraySlice<UInt8>

        package var options: Set<String> {
            Set(optionBytes.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) })
        }

        /// Nil if it is none that we would make.
        var rule: KernelRule? { KernelRule(client: client, options: options) }
    }

    private let byPath: [String: [Entry]]

    /// Lines that are not of the form are left out: they serve nothing. Read as bytes: with hundreds of exports that is ten times as
    /// fast, and it is done at every change.
    package init(_ text: String) {
        let lines = Array(text.utf8).split(separator: UInt8(ascii: "\n"))
        byPath = Dictionary(grouping: lines.compactMap(Self.entry), by: \.path)
    }

    var paths: Set<String> { Set(byPath.keys) }

    /// In the order that mountd has them in.
    package func entries(at path: String) -> [Entry] { byPath[path] ?? [] }

    /// `PATH<tab>CLIENT(OPTION,…)`.
    private static func entry(_ line: ArraySlice<UInt8>) -> Entry? {
        guard let tab = line.firstIndex(of: UInt8(ascii: "\t")), line.last == UInt8(ascii: ")"),
            let open = line[tab...].firstIndex(of: UInt8(ascii: "("))
        else { return nil }
        return Entry(
            path: OctalEscapes.decode(line[..<tab]), client: String(decoding: line[(tab + 1)..<open], as: UTF8.self),
            optionBytes: line[(open + 1)...].dropLast())
    }
}
