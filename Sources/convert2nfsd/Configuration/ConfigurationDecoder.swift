import Logging
import NodeHTTP
import StorageCore
import Yams

/// A token as the file has it, faults and all, for the rules that hold between tokens.
struct ReadToken {
    let place: String
    var name: TokenName?
    /// Nil if it has a fault.
    var value: Credential?
}

/// A pool as the file has it, faults and all, for the rules that hold between pools.
struct ReadPool {
    let place: String
    var name: PoolName?
    var backend: Configuration.Backend?
    /// Nil if it has a fault.
    var value: Configuration.Pool?
}

/// From the file's tree to the configuration. Reads all of it, whatever it finds.
struct ConfigurationDecoder {
    let faults: ConfigurationFaults
    private let defaultNodeName: NodeName

    init(file: String, defaultNodeName: NodeName) {
        faults = ConfigurationFaults(file: file)
        self.defaultNodeName = defaultNodeName
    }

    /// `root` nil is the embedded default.
    func decode(_ root: Yams.Node?) throws(ConfigurationError) -> Configuration {
        let top = ConfigurationSection(root, path: "", keys: ConfigurationKeys.top, faults: faults)
        let node = decodeNode(section("node", of: top, ConfigurationKeys.node))
        let api = section("api", of: top, ConfigurationKeys.api)
        let tokens = (api.elements("tokens") ?? []).map { decodeToken($0.node, at: $0.place) }
        let pools = try decodePools(top, state: node.state)
        let configuration = Configuration(
            node: node,
            api: decodeAPI(api, tokens: tokens.compactMap(\.value)),
            log: decodeLog(section("log", of: top, ConfigurationKeys.log)),
            nfs: try decodeNFS(section("nfs", of: top, ConfigurationKeys.nfs)),
            pools: pools.compactMap(\.value), cluster: decodeCluster(top))
        ConfigurationRules(configuration: configuration, tokens: tokens, pools: pools, faults: faults).check()
        try faults.check()
        return configuration
    }

    func section(_ key: String, of top: ConfigurationSection, _ keys: [String]) -> ConfigurationSection {
        ConfigurationSection(top.node(key), path: top.place(of: key), keys: keys, faults: faults)
    }

    private func decodeNode(_ section: ConfigurationSection) -> Configuration.Node {
        Configuration.Node(
            name: section.value("name", default: defaultNodeName) { node throws(Refusal) in
                try ConfigurationValue.label(node)
            },
            // The NFS server's private bus has its socket below it.
            state: section.value("state", default: ConfigurationDefaults.state) { node throws(Refusal) in
                try ConfigurationValue.socketPath(node, reserve: 32)
            })
    }

    private func decodeAPI(_ section: ConfigurationSection, tokens: [Credential]) -> Configuration.API {
        Configuration.API(
            listen: section.value("listen", default: ConfigurationDefaults.listen, ConfigurationValue.listen),
            socket: section.value("socket", default: ConfigurationDefaults.socket) { node throws(Refusal) in
                try ConfigurationValue.socketPath(node)
            },
            tokens: tokens)
    }

    private func decodeToken(_ node: Yams.Node, at place: String) -> ReadToken {
        let section = ConfigurationSection(node, path: place, keys: ConfigurationKeys.token, faults: faults)
        guard node.mapping != nil else { return ReadToken(place: place) }
        let name: TokenName? = section.required("name", line: node.line) { node throws(Refusal) in
            try ConfigurationValue.label(node)
        }
        let role: Role? = section.required("role", line: node.line) { node throws(Refusal) in
            try ConfigurationValue.choice(node)
        }
        let hash = section.required("hash", line: node.line, ConfigurationValue.hash)
        guard let name, let role, let hash else { return ReadToken(place: place, name: name) }
        return ReadToken(
            place: place, name: name, value: Credential(name: name.value, role: role, hash: hash))
    }

    private func decodeLog(_ section: ConfigurationSection) -> Configuration.Log {
        Configuration.Log(
            file: section.value("file", default: ConfigurationDefaults.logFile, ConfigurationValue.path),
            errors: section.value("errors", default: ConfigurationDefaults.errorFile, ConfigurationValue.path),
            level: section.value("level", default: .info) { node throws(Refusal) in
                try ConfigurationValue.choice(node, of: Logger.Level.self)
            })
    }

    private func decodeNFS(_ section: ConfigurationSection) throws(ConfigurationError) -> Configuration.NFS {
        let options = section.elements("mountOptions").map { $0.compactMap(decodeMountOption) }
        return Configuration.NFS(
            server: section.value("server", default: .auto) { node throws(Refusal) in
                try ConfigurationValue.choice(node)
            },
            address: section.value("address", default: ConfigurationDefaults.address, ConfigurationValue.host),
            template: try decodeTemplate(section),
            port: section.value("port", default: ConfigurationDefaults.port, ConfigurationValue.port),
            mountdPort: section.value(
                "mountdPort", default: ConfigurationDefaults.mountdPort, ConfigurationValue.mountdPort),
            lease: section.value("lease", default: ConfigurationDefaults.lease) { node throws(Refusal) in
                try ConfigurationValue.number(node, in: 10...120, "seconds")
            },
            grace: section.value("grace", default: ConfigurationDefaults.grace) { node throws(Refusal) in
                try ConfigurationValue.number(node, in: 10...180, "seconds")
            },
            mountOptions: options ?? ConfigurationDefaults.mountOptions)
    }

    private func decodeMountOption(_ place: String, _ node: Yams.Node) -> String? {
        do { return try ConfigurationValue.mountOption(node) } catch {
            faults.add(place, error.message)
            return nil
        }
    }

    private func decodeTemplate(_ section: ConfigurationSection) throws(ConfigurationError) -> PathTemplate {
        let root = section.value("root", default: ConfigurationDefaults.root, ConfigurationValue.path)
        let template: PathTemplate? = section.value("path", default: nil) { node throws(Refusal) in
            try ConfigurationValue.template(node, root: root)
        }
        if let template { return template }
        do { return try PathTemplate(root: root, pattern: ConfigurationDefaults.pattern) } catch {
            // Only for a root that `ConfigurationValue.path` lets through and the template does not.
            faults.add(section.place(of: "root"), error.message)
            throw ConfigurationError(findings: faults.findings)
        }
    }
}
