import StorageCore

/// Which NFS server a node's volumes are served by. File handles are one server's, so what has been chosen stays until an
/// operator names another.
struct ServerChoice: Hashable, Sendable {
    enum Server: String, Sendable, CaseIterable { case kernel, ganesha }

    let configured: Configuration.Server
    let recorded: Server?
    let hasVolumes: Bool
    /// Whether NFS-Ganesha has run here, which a record older than it may not tell.
    let hasRunGanesha: Bool

    /// Nil if it is the machine's to say, by what it has.
    var settled: Server? {
        switch configured {
        case .kernel: .kernel
        case .ganesha: .ganesha
        // Volumes without a record are of a time when NFS-Ganesha was the only choice.
        case .auto: recorded ?? (hasVolumes || hasRunGanesha ? .ganesha : nil)
        }
    }

    /// The kernel's where it can be had: no process that serves can die there. Each argument is what is in the way of that server.
    /// Throws `unavailable` with both if neither can be had.
    static func among(kernel: String?, ganesha: String?) throws(StorageError) -> Server {
        guard let kernel else { return .kernel }
        guard let ganesha else { return .ganesha }
        throw StorageError(
            .unavailable,
            "there is no NFS server; either of two is needed. The kernel's: \(kernel). NFS-Ganesha: \(ganesha)")
    }

    /// What an operator is to know of a change to `chosen`; nil if no client can notice it.
    func warning(of chosen: Server) -> String? {
        guard let recorded, recorded != chosen, hasVolumes else { return nil }
        return "the volumes were served by \(recorded.title) and are served by \(chosen.title) from now on: "
            + "clients that have them mounted get stale file handles, and have to mount anew"
    }
}

extension ServerChoice.Server {
    /// As a sentence has it.
    var title: String {
        switch self {
        case .kernel: "the kernel's NFS server"
        case .ganesha: "NFS-Ganesha"
        }
    }
}
