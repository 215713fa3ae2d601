import Logging
import NodeHTTP
import StorageCore
import Testing

@testable import convert2nfsd

@Suite("The configuration's defaults")
struct ConfigurationDefaultsTests {
    @Test("without a file the node runs on the embedded default")
    func embedded() throws {
        let configuration = try Configuration.embedded(hostName: "Storage-A.example.net")
        #expect(configuration.node == .init(name: try NodeName("storage-a"), state: "/var/lib/convert2nfs"))
        #expect(configuration.api.listen.description == "127.0.0.1:8080")
        #expect(configuration.api.listen.isLoopback)
        #expect(configuration.api.socket == "/run/convert2nfs/convert2nfs.sock")
        #expect(configuration.api.tokens.isEmpty)
        #expect(configuration.log.file == "/var/log/convert2nfs.log")
        #expect(configuration.log.errors == "/var/log/convert2nfs_error.log")
        #expect(configuration.log.level == .info)
        #expect(configuration.nfs.server == .auto)
        #expect(configuration.nfs.address == "127.0.0.1")
        #expect(configuration.nfs.template == (try PathTemplate(root: "/nfs", pattern: "{namespace}{name}")))
        #expect(configuration.nfs.port == 2049)
        #expect(configuration.nfs.mountdPort == 20048)
        #expect(configuration.nfs.mountOptions == ["nfsvers=3", "proto=tcp", "hard"])
        #expect(
            configuration.pools == [
                .init(
                    name: try PoolName("default"), backend: .loop(directory: "/var/lib/convert2nfs/images"),
                    overcommit: 1
                )
            ])
    }

    @Test("a missing default file is the embedded default, a missing named file is an error")
    func missingFile() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(path: "/nonexistent/config.yaml", hostName: "a")
        }
        let embedded = try Configuration.load(defaultPath: "/nonexistent/config.yaml", hostName: "a")
        #expect(embedded == (try Configuration.embedded(hostName: "a")))
        #expect("\(error)" == "/nonexistent/config.yaml: the file cannot be read: No such file or directory")
    }

    @Test("keys that a file leaves out have the defaults, pools below the state directory it names")
    func partial() throws {
        let configuration = try parsed("node: {state: /srv/c2n/}\npools: [{name: a, backend: loop}]\nlog:\n")
        #expect(configuration.node.name.value == "host")
        #expect(configuration.node.state == "/srv/c2n")
        #expect(configuration.pools.map(\.directory) == ["/srv/c2n/images"])
        #expect(configuration.log.level == .info)
        #expect(configuration.api == (try Configuration.embedded(hostName: "host")).api)
    }

    @Test("every key of a full file is taken")
    func full() throws {
        let configuration = try parsed(Self.full)
        #expect(configuration.node == .init(name: try NodeName("storage-a"), state: "/srv/state"))
        #expect(configuration.api.listen == ListenAddress(host: "::", port: 8443))
        #expect(configuration.api.socket == "/run/c.sock")
        #expect(configuration.api.tokens.map(\.name) == ["ops", "csi"])
        #expect(configuration.api.tokens.map(\.role) == [.admin, .provisioner])
        #expect(configuration.api.tokens.first?.hash == TokenHash("sha256:" + String(repeating: "ab", count: 32)))
        #expect(configuration.log == .init(file: "/tmp/a.log", errors: "/tmp/b.log", level: .debug))
        #expect(configuration.nfs.server == .ganesha)
        #expect(configuration.nfs.address == "nfs.example.net")
        #expect(configuration.nfs.template == (try PathTemplate(root: "/exports", pattern: "{namespace}_{name}")))
        #expect(configuration.nfs.port == 12049)
        #expect(configuration.nfs.mountdPort == 12060)
        #expect(configuration.nfs.mountOptions == ["nfsvers=4.1", "timeo=600"])
        #expect(configuration.pools.map(\.name.value) == ["fast", "slow"])
        #expect(configuration.pools.map(\.directory) == ["/srv/fast", "/srv/slow"])
        #expect(configuration.pools.map(\.overcommit) == [1, 2.5])
    }

    static let full = """
        node: {name: storage-a, state: /srv/state}
        api:
          listen: "[::]:8443"
          socket: /run/c.sock
          tokens:
            - {name: ops, role: admin, hash: "sha256:\(String(repeating: "ab", count: 32))"}
            - {name: csi, role: provisioner, hash: "sha256:\(String(repeating: "0C", count: 32))"}
        log: {file: /tmp/a.log, errors: /tmp/b.log, level: debug}   # *all* of it & more
        nfs:
          server: ganesha
          address: nfs.example.net
          root: /exports
          path: "{namespace}_{name}"
          port: 12049
          mountdPort: 12060
          mountOptions: [nfsvers=4.1, timeo=600]
        pools:
          - {name: fast, backend: loop, directory: /srv/fast}
          - {name: slow, backend: loop, directory: /srv/slow, overcommit: 2.5}
        """

    @Test(
        "a host name becomes a node name",
        arguments: [
            ("storage-a", "storage-a"), ("Storage_A.example.net", "storage-a"), ("", "node"), ("..", "node"),
            ("--x--", "x"), ("größe", "gr----e"),
            (String(repeating: "a", count: 70), String(repeating: "a", count: 63)),
        ])
    func nodeName(host: String, name: String) throws {
        let made = ConfigurationDefaults.nodeName(fromHost: host)
        #expect(made == name)
        #expect(throws: Never.self) { try NodeName(made) }
    }

    @Test(
        "only an address with a port is listened on, and loopback is known in every spelling",
        arguments: [
            ("127.0.0.1:8080", true), ("127.9.9.9:1", true), ("localhost:80", true), ("[::1]:65535", true),
            ("[::ffff:127.0.0.1]:80", true), ("0.0.0.0:8080", false), ("[::]:8080", false), ("192.0.2.1:8080", false),
            ("[::ffff:192.0.2.1]:80", false),
        ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try #require(ListenAddress(text)).isLoopback == isLoopback)
    }

    @Test(
        "a listen address without an address or a port is none",
        arguments: [
            "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:+1", "::1:80",
            "[127.0.0.1]:80", "[::1]", "example.net:80", "127.1:80", "127.0.0.1:08080x", "[::1]:99999999999999999999",
        ])
    func noListenAddress(text: String) { #expect(ListenAddress(text) == nil) }
}

func parsed(_ text: String) throws(ConfigurationError) -> Configuration {
    try Configuration.parse(Array(text.utf8), file: "c.yaml", hostName: "host")
}
