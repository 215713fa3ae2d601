import StorageCore

/// An operator's export as etab and the files have it, and whether a volume's export can take its place without its clients' noticing.
/// Pure.
struct SurveyedExport {
    let mount: OperatorLine.Mounted
    let table: ExportTab
    /// Those that have to do with the mount.
    let lines: [OperatorLine]
    /// What handles carry where no `fsid=` says otherwise.
    let standard: VolumeID
    /// The UUID of what is mounted, which it is unless blkid(8) said otherwise.
    let filesystem: VolumeID

    private var entries: [ExportTab.Entry] { table.entries(at: mount.path.value) }

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
                guard address.description == entry.client else {
                    throw StorageError(
                        .conflict,
                        "the client \(entry.client) is written otherwise than \(address), which would be another one to exportfs; "
                            + "write it so, and run exportfs -ra")
                }
                clients.append(
                    ClientRule(address: address, access: entry.options.contains("rw") ? .readWrite : .readOnly))
            } else {
                unnamed.append(entry.client)
            }
        }
        return OperatorExport(
            fsid: try same("fsid", entries.map { entry throws(StorageError) in try fsid(entry) }) ?? .uuid(standard),
            squash: try same("squash", entries.compactMap { KernelRule.squash($0.options) }),
            clients: try ClientRule.normalized(clients), unnamed: unnamed,
            unserved: unserved(hasNames: !unnamed.isEmpty),
            changes: entries.flatMap { entry in Self.changes(entry.options).map { "\(entry.client): \($0)" } },
            lines: lines.map { OperatorExport.Line(file: $0.file, text: $0.line.text) })
    }

    /// What else is exported that a volume's clients, or others, would come through.
    private var neighbour: String? {
        let (path, real) = (mount.path, mount.realPath)
        if real != path.value, table.paths.contains(real) {
            return "it is exported as \(real), which \(path) is by a symbolic link; configure nfs.root without the link"
        }
        let paths = table.paths.sorted()
        if let below = paths.first(where: { place in mount.names.contains { place.lies(below: $0) } }) {
            return "its directory \(below) is exported too; withdraw that, whoever needs it is a client of the volume"
        }
        if let below = lines.first(where: { $0.isBelow(mount) }) {
            return "\(below.file) exports its directory \(below.line.path) too; take the line out"
        }
        let above = paths.filter { place in mount.names.contains { $0.lies(below: place) } }
        if let above = above.first(where: { table.entries(at: $0).contains { $0.options.contains("crossmnt") } }) {
            return "\(above) is exported with crossmnt, so its clients have it too; take crossmnt away"
        }
        if let above = lines.first(where: { $0.isAbove(mount) }) {
            return
                "\(above.file) exports \(above.line.path) with crossmnt, so its clients have it too; take crossmnt away"
        }
        return nil
    }

    /// Names have other names in the table; where it has none at all, none is served.
    private func unserved(hasNames: Bool) -> [String] {
        let names = Set(entries.map(\.client))
        let served = Set(names.compactMap { try? ClientAddress($0) })
        return lines.flatMap { line in
            line.line.clients.filter { client in
                guard !names.contains(client) else { return false }
                return (try? ClientAddress(client)).map { !served.contains($0) } ?? !hasNames
            }.map { "\($0.isEmpty ? "everybody" : $0) (\(line.file))" }
        }
    }

    private func fsid(_ entry: ExportTab.Entry) throws(StorageError) -> ExportFSID {
        guard let text = Self.fsidText(entry) else {
            // What the kernel was told is of the first client, which may have another one.
            return .uuid(entries.contains { Self.fsidText($0) != nil } ? filesystem : standard)
        }
        if let fsid = ExportFSID(text) { return fsid }
        throw StorageError(
            .conflict,
            ["0", "root"].contains(text)
                ? "fsid=\(text) makes it the root of NFSv4, which no volume is"
                : "fsid=\(text) is neither a number nor a UUID")
    }

    private static func fsidText(_ entry: ExportTab.Entry) -> String? {
        entry.options.first { $0.hasPrefix("fsid=") }.map { String($0.dropFirst(5)) }
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
