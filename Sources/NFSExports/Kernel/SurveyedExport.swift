import StorageCore

/// An operator's export as etab and the files have it, and whether a volume's export can take its place without its clients' noticing.
/// Pure.
struct SurveyedExport {
    /// Of a file of the operator's.
    struct Line {
        let file: String
        let line: ExportsFile.Line

        var shown: OperatorExport.Line { OperatorExport.Line(file: file, text: line.text) }
    }

    let path: MountPath
    /// Without symbolic links.
    let realPath: String
    let table: ExportTab
    /// Those that have to do with the path.
    let lines: [Line]
    /// What handles carry where no `fsid=` says otherwise.
    let standard: VolumeID

    private var entries: [ExportTab.Entry] { table.entries(at: path.value) }

    /// Throws `conflict` with what is in the way.
    func operatorExport() throws(StorageError) -> OperatorExport {
        if let reason = neighbour { throw StorageError(.conflict, reason) }
        for entry in entries {
            if let reason = Self.obstacle(entry.options) {
                throw StorageError(.conflict, "the client \(entry.client) has \(reason)")
            }
        }
        var clients: [ClientRule] = []
        var unnamed: [String] = []
        for entry in entries {
            if let address = try? ClientAddress(entry.client) {
                clients.append(
                    ClientRule(address: address, access: entry.options.contains("rw") ? .readWrite : .readOnly))
            } else {
                unnamed.append(entry.client)
            }
        }
        return OperatorExport(
            fsid: try same("fsid", entries.map { entry throws(StorageError) in try fsid(entry) }) ?? .uuid(standard),
            squash: try same("squash", entries.compactMap { KernelRule.squash($0.options) }),
            clients: try ClientRule.normalized(clients), unnamed: unnamed, unserved: unserved,
            changes: entries.flatMap { entry in Self.changes(entry.options).map { "\(entry.client): \($0)" } },
            lines: lines.map(\.shown))
    }

    /// What else is exported that a volume's clients, or others, would come through.
    private var neighbour: String? {
        if realPath != path.value, table.paths.contains(realPath) || lines.contains(where: { $0.line.path == realPath })
        {
            return
                "it is exported as \(realPath), which \(path) is by a symbolic link; configure nfs.root without the link"
        }
        if let below = table.paths.filter({ $0.lies(below: path.value) || $0.lies(below: realPath) }).min() {
            return "its directory \(below) is exported too; withdraw that, whoever needs it is a client of the volume"
        }
        if let below = lines.first(where: { $0.line.path.lies(below: path.value) || $0.line.path.lies(below: realPath) }
        ) {
            return "\(below.file) exports its directory \(below.line.path) too; take the line out"
        }
        let above = table.paths.filter { path.value.lies(below: $0) || realPath.lies(below: $0) }
        if let above = above.sorted().first(where: {
            table.entries(at: $0).contains { $0.options.contains("crossmnt") }
        }) {
            return "\(above) is exported with crossmnt, so its clients have it too; take crossmnt away"
        }
        if let above = lines.first(where: { $0.line.isAbove(path.value) || $0.line.isAbove(realPath) }) {
            return
                "\(above.file) exports \(above.line.path) with crossmnt, so its clients have it too; take crossmnt away"
        }
        return nil
    }

    /// Addresses and networks only: host names have other names in the table.
    private var unserved: [String] {
        let served = Set(entries.compactMap { try? ClientAddress($0.client) })
        return lines.flatMap { line in
            line.line.clients.filter { client in
                (try? ClientAddress(client)).map { !served.contains($0) } ?? false
            }.map { "\($0) (\(line.file))" }
        }
    }

    private func fsid(_ entry: ExportTab.Entry) throws(StorageError) -> ExportFSID {
        guard let text = entry.options.first(where: { $0.hasPrefix("fsid=") })?.dropFirst(5) else {
            return .uuid(standard)
        }
        guard let fsid = ExportFSID(String(text)) else {
            throw StorageError(.conflict, "fsid=\(text) makes it the root of NFSv4, which no volume is")
        }
        return fsid
    }

    /// A volume has one for all its clients.
    private func same<Value: Hashable>(_ what: String, _ values: [Value]) throws(StorageError) -> Value? {
        guard Set(values).count <= 1 else {
            throw StorageError(.conflict, "its clients have not all the same \(what); give them one, and ask again")
        }
        return values.first
    }

    /// What clients would lose, or find changed in what they hold.
    private static func obstacle(_ options: Set<String>) -> String? {
        if options.contains("insecure") {
            return
                "insecure: it may come from any port, and would be refused (clients mount with resvport by default; take "
                + "the option away first)"
        }
        if let flavor = options.first(where: { $0.hasPrefix("sec=") && $0 != "sec=sys" }) {
            return "\(flavor), and a volume is served with sec=sys only"
        }
        if options.contains("subtree_check") {
            return
                "subtree_check, which is in its file handles: without it they change (take it away while nothing is mounted)"
        }
        if options.contains("nohide") {
            return "nohide: who mounts a directory above has it too, and would not any more; take the option away"
        }
        if let option = options.filter({ !isKnown($0) }).min() {
            return "\(option), which a volume's export does not have"
        }
        guard let squash = KernelRule.squash(options) else { return "all_squash with no_root_squash" }
        let anonymous: Set = ["anonuid=65534", "anongid=65534"]
        if squash != .none, !options.isSuperset(of: anonymous) {
            let found = options.filter { $0.hasPrefix("anon") }.sorted().joined(separator: ",")
            return "\(found): whom a volume squashes acts as 65534, who may not write what is theirs"
        }
        return nil
    }

    /// Those of exports(5) of which is known what becomes of them.
    private static func isKnown(_ option: String) -> Bool {
        known.contains(option)
            || ["mountpoint=", "mp=", "fsid=", "anonuid=", "anongid=", "sec="].contains { option.hasPrefix($0) }
    }

    private static let known: Set = [
        "rw", "ro", "sync", "async", "wdelay", "no_wdelay", "hide", "crossmnt", "nocrossmnt", "secure", "root_squash",
        "no_root_squash", "all_squash", "no_all_squash", "no_subtree_check", "secure_locks", "insecure_locks",
        "auth_nlm",
        "no_auth_nlm", "acl", "no_acl", "no_pnfs", "mountpoint", "mp",
    ]

    private static func changes(_ options: Set<String>) -> [String] {
        let changed = [
            ("async", "async becomes sync: what a client was told is written is on the disk"),
            ("crossmnt", "crossmnt goes: what is mounted below it is not served"),
            ("insecure_locks", "insecure_locks goes: requests for locks are authenticated"),
            ("no_auth_nlm", "no_auth_nlm goes: requests for locks are authenticated"),
            ("no_acl", "no_acl goes: NFSv3 clients see the files' ACLs"),
        ]
        return changed.filter { options.contains($0.0) }.map(\.1)
    }
}
