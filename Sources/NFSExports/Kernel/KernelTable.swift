import HostTools
import StorageCore

/// The files by which exports are kept: ours in `/etc/exports.d`, and exportfs(8)'s etab. All calls block shortly.
struct KernelTable: Sendable {
    let files: KernelFiles
    /// A change of one volume costs the same among ten and among hundreds.
    private let own = RememberedFiles { OwnFile(text: $0, head: ExportFile.Head($0)) }
    private let tab = RememberedFiles { ExportTab($0) }

    init(files: KernelFiles) { self.files = files }

    private struct OwnFile: Sendable {
        let text: String
        let head: ExportFile.Head?
    }

    /// Both at one moment.
    struct View: Sendable {
        let heads: [ExportID: ExportFile.Head]
        let texts: [ExportID: String]
        let tab: ExportTab

        /// Clients of the path that are none of `export`'s, as etab has them. One that is named is not among them, whatever it may do
        /// now: what exportfs(8) is told of it takes the place of that.
        func extra(to export: Export) -> [String] {
            let wanted = Set(export.kernelRules.map(\.client))
            return tab.entries(at: export.path.value).map(\.client).filter { !wanted.contains($0) }
        }

        /// Whether anything is exported that is none of ours.
        var hasOthers: Bool { !tab.paths.isSubset(of: heads.values.map(\.path.value)) }

        /// What is served of ours. What is granted beyond rules of one squash and the volume's fsid, or is not what a boot
        /// would export, shows as access of an address that no volume names, so that a comparison always finds it.
        var observed: [ObservedExport] { heads.values.map(observe) }

        private func observe(_ head: ExportFile.Head) -> ObservedExport {
            let entries = tab.entries(at: head.path.value)
            let found = entries.compactMap(\.rule)
            let squash = found.first?.squash ?? head.squash
            var rules = found.map { ClientRule(address: $0.address, access: $0.access) }.sorted {
                $0.address < $1.address
            }
            let isOurs =
                found.count == entries.count && found.areInOrder
                && found.allSatisfy { $0.squash == squash && $0.fsid == head.fsid }
            let export = Export(id: head.id, fsid: head.fsid, path: head.path, squash: squash, clients: rules)
            if !isOurs || texts[head.id] != ExportFile(export: export).text {
                rules.append(ClientRule(address: .nobody, access: .readWrite))
            }
            return ObservedExport(id: head.id, path: head.path, squash: squash, clients: rules)
        }
    }

    func look() throws(StorageError) -> View {
        try onHost("read the exports") { () throws(HostError) in
            var heads: [ExportID: ExportFile.Head] = [:]
            var texts: [ExportID: String] = [:]
            for name in try Directory.names(in: files.exports) ?? [] {
                guard let id = ExportFile.id(name), let found = try own.content(of: file(id)) else { continue }
                texts[id] = found.text
                if let head = found.head, head.id == id { heads[id] = head }
            }
            own.keep(only: Set(texts.keys.map(file)))
            return View(heads: heads, texts: texts, tab: try tab.content(of: files.tab) ?? ExportTab(""))
        }
    }

    /// What is served at `path`, in the order that mountd has it in.
    func served(at path: MountPath) throws(StorageError) -> [ExportTab.Entry] {
        try onHost("read the exports of \(path)") { () throws(HostError) in
            try tab.content(of: files.tab)?.entries(at: path.value) ?? []
        }
    }

    /// Ensures the file of the export.
    @discardableResult
    func write(_ export: Export) throws(StorageError) -> Outcome {
        let path = file(export.id)
        let wanted = ExportFile(export: export).text
        return try onHost("write \(path)") { () throws(HostError) in
            if try own.content(of: path)?.text == wanted { return .unchanged }
            try Directory.ensureExists(files.exports, mode: 0o755)
            try DurableFile.write(Array(wanted.utf8), to: path, mode: 0o644)
            return .changed
        }
    }

    func remove(_ id: ExportID) throws(StorageError) -> Outcome {
        try onHost("remove \(file(id))") { () throws(HostError) in
            try DurableFile.remove(file(id)) ? .changed : .unchanged
        }
    }

    private func file(_ id: ExportID) -> String { "\(files.exports)/\(ExportFile.name(id))" }
}
