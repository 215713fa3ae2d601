import StorageCore

/// What one client may do at one path, in the words of exports(5). Pure.
struct KernelRule: Hashable, Sendable {
    let address: ClientAddress
    let access: Access
    let squash: Squash
    /// What the path's file handles carry: never derived from a device number, and the same after a reboot.
    let fsid: ExportFSID

    init(_ rule: ClientRule, of export: Export) {
        address = rule.address
        access = rule.access
        squash = export.squash
        fsid = export.fsid
    }

    /// As exports(5) and etab have it.
    var client: String { address.description }

    /// The same of a single address, as a network of it alone.
    var network: String { "\(address)/\(address.isIPv6 ? 128 : 32)" }

    /// Whether exportfs(8) resolves it: no address, network, netgroup or wild card.
    static func isHostName(_ client: String) -> Bool {
        (try? ClientAddress(client)) == nil && !client.contains { "@*?/[".contains($0) }
    }

    /// As exportfs(8) wants it before a colon and a path: the colons of IPv6 in brackets.
    static func argument(_ client: String) -> String {
        guard client.contains(":"), !client.hasPrefix("[") else { return client }
        let parts = client.split(separator: "/", maxSplits: 1)
        return "[\(parts[0])]" + (parts.count > 1 ? "/\(parts[1])" : "")
    }

    /// `sync`: what a client was told is written is on the disk. `mountpoint`: the directory below a volume that is not
    /// mounted is never served. `no_subtree_check`: a file handle outlives the file's move to another directory.
    var options: String {
        let squash =
            switch squash {
            case .none: "no_root_squash,no_all_squash"
            case .root: "root_squash,no_all_squash"
            case .all: "root_squash,all_squash"
            }
        return "\(access.rawValue),sync,no_subtree_check,mountpoint,\(squash),anonuid=65534,anongid=65534,fsid=\(fsid)"
    }

    /// From a client and its options as etab has them, all of them spelled out; nil if it grants what no rule of ours
    /// does: a host name, everybody, no fsid, a directory that need not be mounted.
    init?(client: String, options: Set<String>) {
        guard let address = try? ClientAddress(client), address.description == client,
            let squash = Self.squash(options),
            let fsid = options.compactMap(Self.fsid).first,
            options.isSuperset(of: ["sync", "no_subtree_check", "anonuid=65534", "anongid=65534"]),
            options.contains(where: { $0 == "mountpoint" || $0 == "mp" }),
            options.isDisjoint(with: ["async", "subtree_check", "crossmnt", "insecure", "insecure_locks", "pnfs"]),
            options.allSatisfy({ !$0.hasPrefix("sec=") || $0 == "sec=sys" }),
            options.contains("rw") != options.contains("ro")
        else { return nil }
        self.address = address
        access = options.contains("rw") ? .readWrite : .readOnly
        self.squash = squash
        self.fsid = fsid
    }

    /// Nil for what is none that we know.
    static func squash(_ options: Set<String>) -> Squash? {
        switch (options.contains("all_squash"), options.contains("root_squash"), options.contains("no_root_squash")) {
        case (true, true, false): .all
        case (false, true, false): .root
        case (false, false, true): Squash.none
        default: nil
        }
    }

    private static func fsid(_ option: String) -> ExportFSID? {
        option.hasPrefix("fsid=") ? ExportFSID(String(option.dropFirst(5))) : nil
    }
}

extension Export {
    /// In the order that mountd has to have them in.
    var kernelRules: [KernelRule] { clients.narrowestFirst.map { KernelRule($0, of: self) } }
}

extension [KernelRule] {
    /// Whether each client gets the access of its narrowest rule. mountd looks at single addresses first, and takes the
    /// first network that a client is in.
    var areInOrder: Bool {
        let networks = filter { !$0.address.isSingle }
        return networks.indices.allSatisfy { index in
            !networks[..<index].contains {
                $0.access != networks[index].access && $0.address.contains(networks[index].address)
            }
        }
    }
}
