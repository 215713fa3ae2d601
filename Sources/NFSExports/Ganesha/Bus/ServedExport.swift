import StorageCore

/// An export as NFS-Ganesha displays it (DisplayExport of org.ganesha.nfsd.exportmgr): id, path, pseudo path, tag,
/// clients.
struct ServedExport: Equatable {
    struct Client: Equatable {
        let text: String
        /// EXPORT_OPTION_* of src/include/export_mgr.h of NFS-Ganesha 4.3; the bits used here were measured, and a test
        /// measures them again.
        let options: UInt32
        /// Which of `options` the client's block sets itself.
        let set: UInt32
    }

    let id: UInt16
    let path: String
    let pseudo: String
    let clients: [Client]
}

extension ServedExport {
    /// Each export has a client entry of nobody's address without any access, because DisplayExport shows the squash of
    /// clients only, and an export may have none.
    static let marker = ClientAddress.nobody

    private static let squashMask: UInt32 = 0x7
    private static let accessMask: UInt32 = 0x1E0
    private static let squashes: [UInt32: Squash] = [0: .none, 2: .root, 4: .all]
    private static let accesses: [UInt32: Access] = [0x1E0: .readWrite, 0x0A0: .readOnly]

    /// As the rest of the project sees it; nil for the pseudo root and for what no `Export` can be (a relative path).
    /// What an export grants beyond rules and one squash (a host name, everyone, another pseudo path: someone else's
    /// doing) shows as access of the marker's address, which no volume names, so that a comparison with what is wanted
    /// always finds it.
    var observed: ObservedExport? {
        guard let id = ExportID(id), path.hasPrefix("/"), !path.split(separator: "/").contains("..") else { return nil }
        var squash: Squash?
        var rules: [ClientRule] = []
        var isForeign = pseudo != path
        for client in clients {
            let own = Self.squashes[client.options & Self.squashMask]
            isForeign = isForeign || own == nil || (squash != nil && own != squash)
            squash = squash ?? own
            let access = client.options & Self.accessMask
            if access == 0 { continue }
            guard let access = Self.accesses[access], let address = try? ClientAddress(client.text) else {
                isForeign = true
                continue
            }
            rules.append(ClientRule(address: address, access: access))
        }
        if isForeign || squash == nil { rules.append(ClientRule(address: .nobody, access: .readWrite)) }
        // Not `ClientRule.normalized`: an address that comes twice has to show.
        rules.sort { $0.address < $1.address }
        return ObservedExport(id: id, path: MountPath(path), squash: squash ?? .all, clients: rules)
    }

    /// Whether the server looks at the clients in the order that gives each the access of its narrowest rule.
    func isInOrder(of export: Export) -> Bool {
        let granted = clients.filter { $0.options & Self.accessMask != 0 }.compactMap { try? ClientAddress($0.text) }
        return granted == export.clients.narrowestFirst.map(\.address)
    }
}
