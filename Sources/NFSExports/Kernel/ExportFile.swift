import StorageCore

/// The file of one volume in `/etc/exports.d` (exports(5)): what is exported at boot, before the server's threads start.
/// Its first line says whose it is; the file name does too. Pure.
struct ExportFile: Hashable, Sendable {
    let export: Export

    static let prefix = "convert2nfs-"
    private static let suffix = ".exports"

    /// exportfs(8) reads only names that end with `.exports`.
    static func name(_ id: ExportID) -> String { "\(prefix)\(id)\(suffix)" }

    /// Nil for the files of others.
    static func id(_ name: String) -> ExportID? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        let number = UInt16(name.dropFirst(prefix.count).dropLast(suffix.count)).flatMap { ExportID($0) }
        return number.flatMap { self.name($0) == name ? $0 : nil }
    }

    var text: String {
        let head = "# convert2nfs export \(export.id) \(export.fsid) squash=\(export.squash.rawValue) \(export.path)"
        let note =
            "# Written by convert2nfsd, which sets right what is changed here; use \"convert2nfs volume clients\"."
        let rules = export.kernelRules.map { "\"\(export.path)\" \($0.client)(\($0.options))" }
        return ([head, note] + rules).joined(separator: "\n") + "\n"
    }

    /// Which export it is of, whatever was done to the rest of it. Nil if the first line is not ours.
    struct Head: Hashable, Sendable {
        let id: ExportID
        let fsid: ExportFSID
        let squash: Squash
        let path: MountPath

        init?(_ text: String) {
            guard let line = text.split(separator: "\n", maxSplits: 1).first else { return nil }
            let words = line.split(separator: " ", maxSplits: 6).map(String.init)
            guard words.count == 7, words[0...2] == ["#", "convert2nfs", "export"],
                let id = UInt16(words[3]).flatMap({ ExportID($0) }), let fsid = ExportFSID(words[4]),
                words[5].hasPrefix("squash="), let squash = Squash(rawValue: String(words[5].dropFirst(7))),
                words[6].hasPrefix("/"), !words[6].split(separator: "/").contains("..")
            else { return nil }
            self.id = id
            self.fsid = fsid
            self.squash = squash
            path = MountPath(words[6])
        }
    }
}
