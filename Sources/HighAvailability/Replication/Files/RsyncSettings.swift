import StorageCore

/// How files come from one node of a pair to the other: an rsync daemon on each that only the other one may ask, and only for
/// reading (rsyncd.conf(5), rsync(1)). Pure.
package struct RsyncSettings: Hashable, Sendable {
    /// Where this node's daemon listens, and from where it asks the other.
    package var own: ClientAddress
    /// Where the other node's daemon is, and from where that asks.
    package var other: ClientAddress
    package var port: UInt16
    /// Below which all volumes are mounted.
    package var root: String
    /// The directory of what moves with the service beside the volumes.
    package var shared: String
    /// For its files.
    package var directory: String
    /// Below which volumes are shown as they were at one moment.
    package var frozen: String { "\(directory)/frozen" }
    /// What both nodes know, of letters and digits.
    package var password: String

    package init(
        own: ClientAddress, other: ClientAddress, port: UInt16, root: String, shared: String, directory: String,
        password: String
    ) {
        self.own = own
        self.other = other
        self.port = port
        self.root = root
        self.shared = shared
        self.directory = directory
        self.password = password
    }

    static let user = "convert2nfs"
    /// In a volume: what was written there and got lost to clients when the other node took the service over.
    package static let kept = ".convert2nfs-kept"

    var configuration: String { "\(directory)/rsyncd.conf" }
    var secrets: String { "\(directory)/secrets" }
    var passwordFile: String { "\(directory)/password" }
    var pidFile: String { "\(directory)/pid" }
    var output: String { "\(directory)/output" }

    /// It says nothing of each pull: what fails is told to the node that asked.
    var text: String {
        """
        # Written by convert2nfsd, which sets right what is changed here.
        address = \(own)
        port = \(port)
        pid file = \(pidFile)
        lock file = \(directory)/lock
        log file = /dev/null
        use chroot = yes
        uid = root
        gid = root
        numeric ids = yes
        munge symlinks = no
        read only = yes
        list = no
        timeout = 120
        max connections = 8
        hosts allow = \(other)
        reverse lookup = no
        auth users = \(Self.user)
        secrets file = \(secrets)
        refuse options = delete remove-source-files
        [\(Place.live.rawValue)]
        path = \(root)
        [\(Place.frozen.rawValue)]
        path = \(frozen)
        [\(Place.shared.rawValue)]
        path = \(shared)

        """
    }

    /// What the daemon shows, by its modules' names.
    enum Place: String { case live, frozen, shared }

    /// Where the other node finds what is mounted at `path`; nil if that is not below what is shown.
    func place(of path: String) -> String? {
        for (place, directory) in [(Place.frozen, frozen), (.live, root)] where path.hasPrefix("\(directory)/") {
            return "\(place.rawValue)/\(path.dropFirst(directory.utf8.count + 1))"
        }
        return nil
    }

    /// Of what moves with the service: who is connected, and who has locks of NFSv3. The rest each node has for itself.
    var sharedArguments: [String] {
        ["--archive", "--include=/connections.json", "--include=/statd/***", "--exclude=*"]
            + way(from: Place.shared.rawValue, to: shared)
    }

    /// What makes `path` as `place` is on the other node. A file is replaced whole, so that it is never half of each. Files of the same
    /// size count as the same only if they are so to the nanosecond: a database writes in place, more than once a second.
    func arguments(from place: String, to path: MountPath) -> [String] {
        [
            "--archive", "--hard-links", "--acls", "--xattrs", "--sparse", "--numeric-ids", "--one-file-system",
            "--modify-window=-1", "--delete-delay", "--exclude=/\(Self.kept)", "--exclude=/lost+found",
        ] + way(from: place, to: path.value)
    }

    private func way(from place: String, to path: String) -> [String] {
        let host = other.isIPv6 ? "[\(other)]" : "\(other)"
        return [
            "--timeout=60", "--contimeout=10", "--address=\(own)", "--password-file=\(passwordFile)",
            "rsync://\(Self.user)@\(host):\(port)/\(place)/", "\(path)/",
        ]
    }
}
