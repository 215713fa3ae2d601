import StorageCore

/// An operator's export as etab has it, and whether a volume's export can take its place without its clients' noticing. Pure.
struct SurveyedExport {
    private let path: MountPath
    private let entries: [ExportTab.Entry]
    /// What handles carry where no `fsid=` says otherwise.
    private let standard: VolumeID

    init(_ path: MountPath, _ entries: [ExportTab.Entry], standard: VolumeID) {
        self.path = path
        self.entries = entries
        self.standard = standard
    }

    /// `above` are lines that export it too, with a directory above it. Throws `conflict` with what is in the way.
    func operatorExport(
        _ lines: [OperatorExport.Line], above: [OperatorExport.Line]
    ) throws(StorageError) -> OperatorExport {
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
        let above = above.map { "\($0.file) exports it too, with a directory above: \($0.text); doctor tells of it" }
        return OperatorExport(
            fsid: try same("fsid", entries.map { entry throws(StorageError) in try fsid(entry) }) ?? .uuid(standard),
            squash: try same("squash", entries.compactMap { KernelRule.squash($0.options) }),
            clients: try ClientRule.normalized(clients), unnamed: unnamed,
            changes: entries.flatMap { entry in Self.changes(entry.options).map { "\(entry.client): \($0)" } } + above,
            lines: lines)
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
        if let option = options.first(where: { $0.hasPrefix("refer=") || $0.hasPrefix("replicas=") || $0 == "pnfs" }) {
            return option
        }
        guard let squash = KernelRule.squash(options) else { return "all_squash with no_root_squash" }
        let anonymous: Set = ["anonuid=65534", "anongid=65534"]
        if squash != .none, !options.isSuperset(of: anonymous) {
            let found = options.filter { $0.hasPrefix("anon") }.sorted().joined(separator: ",")
            return "\(found): whom a volume squashes acts as 65534, who may not write what is theirs"
        }
        return nil
    }

    private static func changes(_ options: Set<String>) -> [String] {
        let known = [
            ("async", "async becomes sync: what a client was told is written is on the disk"),
            ("crossmnt", "crossmnt goes: what is mounted below it is not served"),
            ("insecure_locks", "insecure_locks goes: requests for locks are authenticated"),
        ]
        return known.filter { options.contains($0.0) }.map(\.1)
    }
}
