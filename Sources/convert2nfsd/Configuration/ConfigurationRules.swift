import StorageCore

/// What values of the file must be together. A rule is left out where one of its values could not be read.
struct ConfigurationRules {
    let configuration: Configuration
    let tokens: [ReadToken]
    let pools: [ReadPool]
    let faults: ConfigurationFaults

    func check() {
        checkAccess()
        checkPorts()
        checkGrace()
        checkRoot()
        checkLogFiles()
        checkNames()
        checkDirectories()
        checkGroups()
        checkCluster()
    }

    /// Whoever reaches the API without a token can delete every volume.
    private func checkAccess() {
        let listen = configuration.api.listen
        // In a pair nobody gets in without the nodes' own secret.
        guard !listen.isLoopback, tokens.isEmpty, configuration.cluster == nil, !faults.any("api.listen", "api.tokens")
        else { return }
        faults.add(
            "api.listen",
            "\(listen) is open to other machines, and without api.tokens everybody there could delete volumes; "
                + "add a token, or listen on 127.0.0.1")
    }

    /// Who has not heard of the restart when the grace period ends has lost its locks (RFC 8881, section 8.4.2.1).
    private func checkGrace() {
        let nfs = configuration.nfs
        guard nfs.grace < nfs.lease, !faults.any("nfs.grace", "nfs.lease") else { return }
        let key = ["nfs.grace", "nfs.lease"].first(where: faults.isGiven) ?? "nfs.grace"
        faults.add(
            key,
            "the grace period of \(nfs.grace) s is shorter than the lease of \(nfs.lease) s; make nfs.grace as long at least"
        )
    }

    private func checkPorts() {
        let (nfs, api) = (configuration.nfs, configuration.api)
        // With NFS-Ganesha rpc.statd chooses its own.
        let monitor = ("rpc.statd's port (nfs.mountdPort + 2)", "nfs.mountdPort", Int(nfs.statusMonitorPort))
        let ports =
            [
                ("nfs.port", "nfs.port", Int(nfs.port)), ("nfs.mountdPort", "nfs.mountdPort", Int(nfs.mountdPort)),
                ("the lock manager's port (nfs.mountdPort + 1)", "nfs.mountdPort", Int(nfs.lockManagerPort)),
            ] + (nfs.server == .ganesha ? [] : [monitor]) + [("api.listen", "api.listen", Int(api.listen.port))]
        for (index, (name, key, port)) in ports.enumerated() {
            for (other, otherKey, taken) in ports[..<index] where taken == port && !faults.any(key, otherKey) {
                let place = [key, otherKey].first(where: faults.isGiven) ?? key
                faults.add(place, "\(other) and \(name) are both \(port); use different ports")
            }
        }
    }

    /// Nothing of the node's own may lie where clients look, nor may the root lie within what the node keeps.
    private func checkRoot() {
        let root = configuration.nfs.template.root
        guard !faults.any("nfs.root") else { return }
        let files = [
            ("node.state", configuration.node.state), ("api.socket", configuration.api.socket),
            ("log.file", configuration.log.file), ("log.errors", configuration.log.errors),
        ]
        // A default directory lies below the state directory, which is among them.
        let directories = pools.compactMap { pool in pool.directory.map { ("\(pool.place).directory", $0) } }
            .filter { faults.isGiven($0.0) }
        for (place, path) in files + directories where !faults.any(place) && overlap(root, path) {
            // What is not in the file cannot be pointed at.
            guard let key = [place, "nfs.root"].first(where: faults.isGiven) else { continue }
            faults.add(key, "\(place) \(path) and nfs.root \(root) lie within each other; keep them apart")
        }
    }

    private func checkLogFiles() {
        let log = configuration.log
        guard log.file == log.errors, !faults.any("log.file", "log.errors") else { return }
        faults.add(
            faults.isGiven("log.errors") ? "log.errors" : "log.file",
            "log.file and log.errors are both \(log.file); use different files")
    }

    private func checkNames() {
        checkUnique(pools.map { ($0.place, $0.name?.value) }, noun: "pool")
        checkUnique(tokens.map { ($0.place, $0.name?.value) }, noun: "token")
    }

    private func checkUnique(_ names: [(place: String, name: String?)], noun: String) {
        for (index, entry) in names.enumerated() {
            guard let name = entry.name, let other = names[..<index].first(where: { $0.name == name }) else { continue }
            faults.add("\(entry.place).name", "\(other.place) is a \(noun) named \"\(name)\" already; names are unique")
        }
    }

    private func checkDirectories() {
        let state = configuration.node.state
        for (index, pool) in pools.enumerated() {
            guard let directory = pool.directory, !faults.any("\(pool.place).directory") else { continue }
            let key = ["\(pool.place).directory", pool.place].first(where: faults.isGiven) ?? "node.state"
            if isWithin(state, directory), !faults.any("node.state") {
                faults.add(key, "\(directory) is or holds the state directory \(state); use a directory of its own")
            }
            for other in pools[..<index] where !faults.any("\(other.place).directory") {
                guard let taken = other.directory, overlap(directory, taken) else { continue }
                faults.add(key, "\(directory) and \(taken) of \(other.place) lie within each other; keep pools apart")
            }
        }
    }
}

extension ConfigurationRules {
    /// Two pools in the same place would promise the same room twice.
    private func checkGroups() {
        for (index, pool) in pools.enumerated() {
            guard let place = pool.backend?.sharedPlace else { continue }
            for other in pools[..<index] where other.backend?.sharedPlace?.name == place.name {
                faults.add(
                    "\(pool.place).\(place.key)", "\(other.place) is in \(place.name) already; one pool for each place")
            }
        }
    }
}

extension Configuration.Backend {
    /// Where it is, beside other things that may lie there, and the key that says so.
    fileprivate var sharedPlace: (key: String, name: String)? {
        switch self {
        case .loop: nil
        case .lvm(let group, let thinPool, _):
            ("volumeGroup", thinPool.map { "the thin pool \(group)/\($0)" } ?? "the volume group \(group)")
        case .rbd(let place):
            ("pool", "the Ceph pool \(place.path) of \(place.configuration), with the prefix \"\(place.prefix)\",")
        }
    }
}

extension ReadPool {
    fileprivate var directory: String? {
        if case .loop(let directory)? = backend { directory } else { nil }
    }
}

/// Both normalised: absolute, no empty parts.
private func isWithin(_ path: String, _ directory: String) -> Bool {
    path == directory || path.hasPrefix("\(directory)/")
}
private func overlap(_ one: String, _ other: String) -> Bool { isWithin(one, other) || isWithin(other, one) }
