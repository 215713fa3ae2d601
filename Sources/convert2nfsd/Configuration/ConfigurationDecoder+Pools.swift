import StorageBackends
import StorageCore
import Yams

extension ConfigurationDecoder {
    func decodePools(
        _ top: ConfigurationSection, state: String
    ) throws(ConfigurationError) -> [ReadPool] {
        guard let elements = top.elements("pools") else { return [try defaultPool(state: state)] }
        if elements.isEmpty { faults.add("pools", "found no pool; name at least one, or remove the key") }
        return elements.map { decodePool($0.node, at: $0.place, state: state) }
    }

    private func decodePool(_ node: Yams.Node, at place: String, state: String) -> ReadPool {
        let section = ConfigurationSection(node, path: place, keys: ConfigurationKeys.pool, faults: faults)
        guard node.mapping != nil else { return ReadPool(place: place) }
        let name: PoolName? = section.required("name", line: node.line) { node throws(Refusal) in
            try ConfigurationValue.label(node)
        }
        let kind: Configuration.Backend.Kind? = section.required("backend", line: node.line) { node throws(Refusal) in
            try ConfigurationValue.choice(node)
        }
        let overcommit = section.value(
            "overcommit", default: ConfigurationDefaults.overcommit, ConfigurationValue.overcommit)
        let trimHours = section.value("trimHours", default: ConfigurationDefaults.trimHours) { node throws(Refusal) in
            try ConfigurationValue.number(node, in: 0...8760, "hours")
        }
        let backend = kind.flatMap { decodeBackend($0, section, line: node.line, state: state) }
        let value = name.flatMap { name in
            backend.map { Configuration.Pool(name: name, backend: $0, overcommit: overcommit, trimHours: trimHours) }
        }
        return ReadPool(place: place, name: name, backend: backend, value: value)
    }

    private func decodeBackend(
        _ kind: Configuration.Backend.Kind, _ section: ConfigurationSection, line: Int?, state: String
    ) -> Configuration.Backend? {
        for other in Configuration.Backend.Kind.allCases where other != kind {
            for key in ConfigurationKeys.pool(of: other) where section.node(key) != nil {
                faults.add(
                    section.place(of: key),
                    "a pool with backend \(kind.rawValue) has no such key; it belongs to \(other.rawValue)")
            }
        }
        switch kind {
        case .loop:
            return .loop(
                directory: section.value(
                    "directory", default: ConfigurationDefaults.images(below: state), ConfigurationValue.path))
        case .lvm:
            let group: String? = section.required("volumeGroup", line: line, ConfigurationValue.lvmName)
            // Written as null it says what its absence says: thick volumes.
            let isThick = section.node("thinPool")?.null != nil
            let thinPool: String? =
                isThick
                ? nil
                : section.value("thinPool", default: nil) { (node) throws(Refusal) in
                    try ConfigurationValue.lvmName(node)
                }
            let reserve = section.value(
                "reserve", default: ConfigurationDefaults.reserve, ConfigurationValue.percentage)
            return group.map { .lvm(group: $0, thinPool: thinPool, reserve: reserve) }
        case .rbd: return decodeCeph(section, line: line)
        }
    }

    private func decodeCeph(_ section: ConfigurationSection, line: Int?) -> Configuration.Backend? {
        let pool: String? = section.required("pool", line: line, ConfigurationValue.cephName)
        let user = section.value("user", default: ConfigurationDefaults.cephUser, ConfigurationValue.cephName)
        let path = section.value("conf", default: ConfigurationDefaults.cephConfiguration, ConfigurationValue.path)
        let namespace = section.value("namespace", default: "", ConfigurationValue.cephName)
        let prefix: Label<ImagePrefixKind>? = section.value("prefix", default: nil) { node throws(Refusal) in
            try ConfigurationValue.label(node)
        }
        return pool.map {
            .rbd(
                RBDPlace(
                    configuration: path, user: user, pool: $0, namespace: namespace,
                    prefix: prefix?.value ?? ConfigurationDefaults.imagePrefix))
        }
    }

    private func defaultPool(state: String) throws(ConfigurationError) -> ReadPool {
        do {
            let pool = Configuration.Pool(
                name: try PoolName(ConfigurationDefaults.poolName),
                backend: .loop(directory: ConfigurationDefaults.images(below: state)),
                overcommit: ConfigurationDefaults.overcommit)
            return ReadPool(place: "pools", name: pool.name, backend: pool.backend, value: pool)
        } catch {
            faults.add("pools", error.message)
            throw ConfigurationError(findings: faults.findings)
        }
    }
}

private enum ImagePrefixKind: LabelKind { static var noun: String { "prefix" } }
