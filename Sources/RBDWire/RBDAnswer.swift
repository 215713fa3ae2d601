/// One line of `convert2nfs-rbd`. The last one for a call is a reply or a failure.
package struct RBDAnswer: Codable, Sendable, Hashable {
    /// The call's; 0 for what is said unasked: the first line has the addresses of this client, as others see them, or says why it cannot connect.
    package let id: Int
    package let content: Content

    package enum Content: Codable, Sendable, Hashable {
        case reply(RBDReply)
        case failure(RBDFailure)
        case progress(done: Int64, total: Int64)
    }

    package init(id: Int, _ content: Content) {
        self.id = id
        self.content = content
    }
}

package enum RBDReply: Codable, Sendable, Hashable {
    case done
    case image(RBDImage)
    case images([RBDImage])
    case addresses([String])
    case number(Int64)
    case text(String)
    case connection(RBDConnection)
    /// Each writing has another version; nothing was ever written: both are empty.
    case note(text: String, version: String)
}

/// What librados or librbd has refused.
package struct RBDFailure: Error, Codable, Sendable, Hashable {
    /// As errno(3) has it.
    package let code: Int32
    /// What was being done.
    package let action: String

    package init(code: Int32, action: String) {
        self.code = code
        self.action = action
    }
}

package struct RBDImage: Codable, Sendable, Hashable {
    package let name: String
    /// Another image that gets the name later has another.
    package let id: String
    package let size: Int64
    package let metadata: [String: String]
    package let snapshots: [Snapshot]
    /// It shares data with a snapshot of another image.
    package let isClone: Bool
    /// By their addresses, who has it open for writing; nil where that was not asked for.
    package let watchers: [String]?

    package struct Snapshot: Codable, Sendable, Hashable {
        package let name: String
        package let size: Int64

        package init(name: String, size: Int64) {
            self.name = name
            self.size = size
        }
    }

    package init(
        name: String, id: String, size: Int64, metadata: [String: String], snapshots: [Snapshot], isClone: Bool,
        watchers: [String]? = nil
    ) {
        self.name = name
        self.id = id
        self.size = size
        self.metadata = metadata
        self.snapshots = snapshots
        self.isClone = isClone
        self.watchers = watchers
    }
}

/// How the kernel's client reaches the cluster as the same user.
package struct RBDConnection: Codable, Sendable, Hashable {
    package let clusterID: String
    /// `address:port` of each monitor.
    package let monitors: [String]
    /// They speak only the second version of the protocol (`ms_mode` of the kernel's client).
    package let needsVersion2: Bool
    /// Nil where the cluster asks nobody who he is.
    package let secret: String?
    /// The helper's own, as others see them (`address:port/nonce`).
    package let addresses: [String]

    package init(
        clusterID: String, monitors: [String], needsVersion2: Bool, secret: String?, addresses: [String]
    ) {
        self.clusterID = clusterID
        self.monitors = monitors
        self.needsVersion2 = needsVersion2
        self.secret = secret
        self.addresses = addresses
    }
}
