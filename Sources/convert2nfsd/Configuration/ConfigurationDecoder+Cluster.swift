import HighAvailability
import StorageBackends
import StorageCore
import Yams

extension ConfigurationDecoder {
    /// Nil if there is none, or what there is cannot be read.
    func decodeCluster(_ top: ConfigurationSection) -> Configuration.Cluster? {
        guard let node = top.node("cluster"), node.null == nil else { return nil }
        let cluster = section("cluster", of: top, ConfigurationKeys.cluster)
        guard node.mapping != nil else { return nil }
        if cluster.node("nodes") == nil { faults.add("cluster.nodes", line: node.line, "the key is missing") }
        let members = (cluster.elements("nodes") ?? []).map { decodeMember($0.node, at: $0.place) }
        let prefixLength = cluster.required("prefixLength", line: node.line) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 1...128, "the length of the service address's network")
        }
        let interface = cluster.required("interface", line: node.line, ConfigurationValue.interface)
        let replication = decodeReplication(cluster, line: node.line)
        let fence = decodeFence(cluster)
        let arbiter = decodeArbiter(cluster)
        let routerID = cluster.value("routerID", default: ConfigurationDefaults.routerID) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 1...255, "a number")
        }
        let adverts = cluster.value(
            "advertInterval", default: ConfigurationDefaults.advertCentiseconds, ConfigurationValue.centiseconds)
        let secret = cluster.value("secretFile", default: ConfigurationDefaults.secret, ConfigurationValue.path)
        let unreachable: PairPolicy.Unreachable = cluster.value("onPeerUnreachable", default: .wait) {
            node throws(Refusal) in
            try ConfigurationValue.choice(node)
        }
        let failback: FailbackChoice = cluster.value("failback", default: .manual) { node throws(Refusal) in
            try ConfigurationValue.choice(node)
        }
        let lastResort: LastResort = cluster.value("lastResort", default: .wait) { node throws(Refusal) in
            try ConfigurationValue.choice(node)
        }
        guard let prefixLength, let interface, let replication else { return nil }
        return Configuration.Cluster(
            members: members.compactMap(\.self), prefixLength: prefixLength, interface: interface, routerID: routerID,
            advertCentiseconds: adverts, secret: secret, replication: replication, fence: fence,
            arbiter: arbiter, unreachable: unreachable, failsBack: failback == .auto, lastResort: lastResort)
    }

    private func decodeMember(_ node: Yams.Node, at place: String) -> Configuration.Cluster.Member? {
        let section = ConfigurationSection(node, path: place, keys: ConfigurationKeys.member, faults: faults)
        guard node.mapping != nil else { return nil }
        let name: NodeName? = section.required("name", line: node.line) { node throws(Refusal) in
            try ConfigurationValue.label(node)
        }
        let address = section.required("address", line: node.line, ConfigurationValue.address)
        let other: ClientAddress? = section.value("replicationAddress", default: nil) { node throws(Refusal) in
            try ConfigurationValue.address(node)
        }
        let priority = section.required("priority", line: node.line) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 1...KeepalivedSettings.highestPriority, "a priority")
        }
        let disk: String? = section.value("disk", default: nil) { node throws(Refusal) in
            try ConfigurationValue.path(node)
        }
        guard let name, let address, let priority else { return nil }
        return .init(name: name, address: address, replicationAddress: other, priority: priority, disk: disk)
    }

    private func decodeReplication(_ cluster: ConfigurationSection, line: Int?) -> Configuration.Cluster.Replication? {
        guard let node = cluster.node("replication") else {
            faults.add("cluster.replication", line: line, "the key is missing")
            return nil
        }
        let section = section("replication", of: cluster, ConfigurationKeys.replication)
        let method: ReplicationMethod? = section.required("method", line: node.line) { node throws(Refusal) in
            try ConfigurationValue.choice(node)
        }
        let group: String? =
            method == .shared ? nil : section.required("volumeGroup", line: node.line, ConfigurationValue.lvmName)
        let resource = section.value("resource", default: ConfigurationDefaults.resource, ConfigurationValue.lvmName)
        let minor = section.value("minor", default: 0) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 0...255, "the number of DRBD's device")
        }
        let port = section.value("port", default: ConfigurationDefaults.replicationPort) { node throws(Refusal) in
            UInt16(try ConfigurationValue.number(node, in: 1...65535, "a port"))
        }
        let interval = section.value("interval", default: ConfigurationDefaults.interval) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 5...86400, "seconds")
        }
        let maximumLag = section.value("maxLag", default: 10 * interval) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 2 * interval...604_800, "seconds, two intervals at least")
        }
        let term = section.value("term", default: ConfigurationDefaults.leaseTerm) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 4...60, "seconds")
        }
        guard let method, group != nil || method == .shared else { return nil }
        for key in ConfigurationKeys.replication(notOf: method) where section.node(key) != nil {
            faults.add("cluster.replication.\(key)", line: node.line, "there is no such key with \(method.rawValue)")
        }
        let chosen: Configuration.Cluster.Replication.Method =
            switch method {
            case .drbd: .drbd(resource: resource, minor: minor)
            case .rsync: .rsync(interval: interval, maximumLag: maximumLag)
            case .shared: .shared(term: term)
            }
        return .init(method: chosen, port: port, group: group)
    }

    private func decodeArbiter(_ cluster: ConfigurationSection) -> Configuration.Cluster.Arbiter? {
        guard let node = cluster.node("arbiter"), node.null == nil else { return nil }
        let section = section("arbiter", of: cluster, ConfigurationKeys.arbiter)
        let endpoints = texts("endpoints", of: section, "cluster.arbiter", line: node.line, ConfigurationValue.endpoint)
        let seconds = section.value("term", default: ConfigurationDefaults.arbiterTerm) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 4...60, "seconds")
        }
        let prefix: String? = section.value("prefix", default: nil) { node throws(Refusal) in
            try ConfigurationValue.text(node)
        }
        return endpoints.isEmpty ? nil : .init(endpoints: endpoints, seconds: seconds, prefix: prefix)
    }

    /// A list that must be there and have something in it.
    private func texts(
        _ key: String, of section: ConfigurationSection, _ path: String, line: Int?,
        _ convert: (Yams.Node) throws(Refusal) -> String
    ) -> [String] {
        if section.node(key) == nil { faults.add("\(path).\(key)", line: line, "the key is missing") }
        guard let elements = section.elements(key) else { return [] }
        if elements.isEmpty { faults.add("\(path).\(key)", "the list is empty") }
        return elements.compactMap { place, node in
            do throws(Refusal) { return try convert(node) } catch {
                faults.add(place, error.message)
                return nil
            }
        }
    }

    private func decodeFence(_ cluster: ConfigurationSection) -> Configuration.Cluster.Fence? {
        guard let node = cluster.node("fence"), node.null == nil else { return nil }
        let section = section("fence", of: cluster, ConfigurationKeys.fence)
        let command = texts("command", of: section, "cluster.fence", line: node.line, ConfigurationValue.text)
        if let program = command.first, !program.hasPrefix("/") {
            faults.add("cluster.fence.command", "found \"\(program.shown)\", expected an absolute path first")
        }
        let seconds = section.value("timeout", default: ConfigurationDefaults.fenceTimeout) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 1...300, "seconds")
        }
        return command.isEmpty ? nil : .init(command: command, seconds: seconds)
    }
}

extension ConfigurationRules {
    /// What a pair needs of the rest of the file.
    func checkCluster() {
        guard let cluster = configuration.cluster else { return }
        let names = cluster.members.map(\.name)
        let own = configuration.node.name
        if !faults.any("cluster.nodes") {
            if Set(names).count != 2 || names.count != 2 {
                faults.add("cluster.nodes", "found \(names.count) nodes, expected two with different names")
            } else if cluster.member(own) == nil {
                faults.add(
                    "cluster.nodes",
                    "none of \(names.map(\.value).listed) is this node, whose node.name is \"\(own)\"")
            }
            if Set(cluster.members.map(\.priority)).count < cluster.members.count {
                faults.add(
                    "cluster.nodes", "both nodes have one priority; the one that is to serve by default needs a higher")
            }
        }
        if Set(cluster.members.map { $0.disk == nil }).count > 1 {
            faults.add(
                "cluster.nodes", "one node has a disk and the other has none; name both, or make the storage by hand")
        }
        if !faults.any("nfs.address"), (try? ClientAddress(configuration.nfs.address))?.isSingle != true {
            faults.add("nfs.address", "in a pair it is the service address that moves between the nodes, not a name")
        }
        // Ceph is one by itself.
        let hasArbiter = cluster.arbiter != nil || cluster.replication.method.isShared
        if hasArbiter, cluster.unreachable == .promote {
            faults.add(
                "cluster.onPeerUnreachable", "with an arbiter a node does not serve without its word; remove the key")
        }
        if configuration.nfs.server == .ganesha {
            faults.add("nfs.server", "a pair serves with the kernel's NFS server; remove the key")
        }
        checkPools(of: cluster)
        if configuration.api.listen.isLoopback, !faults.any("api.listen") {
            faults.add("api.listen", "the other node asks this one by it; listen on 0.0.0.0 or on the node's address")
        }
    }

    private func checkPools(of cluster: Configuration.Cluster) {
        if let group = cluster.replication.group {
            for pool in pools {
                if case .lvm(group, _, _)? = pool.backend { continue }
                faults.add(
                    pool.place, "in a pair every pool is in the volume group \(group), which is what is replicated")
            }
            return
        }
        if cluster.members.contains(where: { $0.disk != nil }) {
            faults.add("cluster.nodes", "with shared storage no node has a disk of the pair's; remove the key disk")
        }
        var first: RBDPlace?
        for pool in pools {
            guard case .rbd(let place)? = pool.backend else {
                faults.add(pool.place, "in a pair with shared storage every pool has the backend rbd")
                continue
            }
            if let first, first.configuration != place.configuration || first.user != place.user {
                faults.add(
                    pool.place, "in a pair all pools are in one cluster, under one user: one conf and one user for all")
            }
            first = first ?? place
        }
    }
}
