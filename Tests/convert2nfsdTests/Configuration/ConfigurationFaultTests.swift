import StorageCore
import Testing

@testable import convert2nfsd

@Suite("Faults of a configuration")
struct ConfigurationFaultTests {
    /// A text, and all the lines that are printed about it.
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let findings: [String]
        init(_ text: String, _ findings: String...) { (self.text, self.findings) = (text, findings) }
        var testDescription: String { String(text.prefix(60)) }
    }

    @Test(
        "every fault is reported at once, with its line, its key, what was found and what is allowed", arguments: cases)
    func faults(of fault: Case) throws {
        let error = try #require(throws: ConfigurationError.self) { try parsed(fault.text) }
        #expect("\(error)" == fault.findings.map { "c.yaml:\($0)" }.joined(separator: "\n"))
    }

    static let cases = keys + types + values + names + paths + rules

    static let keys = [
        Case(
            "clusters: null",
            "1: clusters: unknown key; did you mean cluster? allowed: node, api, log, nfs, pools or cluster"),
        Case("nodes: {}", "1: nodes: unknown key; did you mean node? allowed: node, api, log, nfs, pools or cluster"),
        Case(
            "nfs:\n  mountdport: 5",
            "2: nfs.mountdport: unknown key; did you mean mountdPort? "
                + "allowed: server, address, root, path, port, mountdPort, lease, grace or mountOptions"),
        Case("? [a]\n: 1", "1: ?: found a list as a key; allowed: node, api, log, nfs, pools or cluster"),
        Case(
            "nfs: {port: 1}\n\"nfs\": {port: 2}\nnfs: {port: 0}",
            "1: nfs: the key is given again further down; keep one of them",
            "2: nfs: the key is given again further down; keep one of them",
            "3: nfs.port: found the number 0, expected a port from 1 to 65535"),
        Case(
            "log:\n  level: info\n  # ü\n  level: debug\n  file: rel",
            "2: log.level: the key is given again further down; keep one of them",
            "5: log.file: found \"rel\", expected an absolute path below /, without . and .."),
        Case(
            "pools: [{}]", "1: pools[0].name: the key is missing", "1: pools[0].backend: the key is missing"),
    ]

    static let types = [
        Case("node: 5", "1: node: found the number 5, expected the keys name or state"),
        Case("node: [a]", "1: node: found a list, expected the keys name or state"),
        Case("node:\n  name: 5", "2: node.name: found the number 5, expected text; in quotes it is: \"5\""),
        Case("node:\n  name: on", "2: node.name: found the truth value on, expected text; in quotes it is: \"on\""),
        Case("node:\n  name: {}", "2: node.name: found keys, expected text"),
        Case("node:\n  name: ~", "2: node.name: the key has no value; write one, or remove the key"),
        Case("nfs:\n  port: \"2049\"", "2: nfs.port: found \"2049\", expected a port from 1 to 65535"),
        Case("nfs:\n  mountOptions: hard", "2: nfs.mountOptions: found \"hard\", expected a list"),
        Case(
            "nfs:\n  mountOptions:\n  - hard\n  - 3",
            "4: nfs.mountOptions[1]: found the number 3, expected text; in quotes it is: \"3\""),
        Case("pools: {}", "1: pools: found keys, expected a list"),
        Case(
            "pools:\n- a",
            "2: pools[0]: found \"a\", expected the keys name, backend, overcommit, trimHours, directory, volumeGroup, thinPool, reserve, pool, user, conf, namespace or prefix"
        ),
        Case("api:\n  tokens: [a]", "2: api.tokens[0]: found \"a\", expected the keys name, role or hash"),
    ]

    static let values = [
        Case("nfs: {port: 0}", "1: nfs.port: found the number 0, expected a port from 1 to 65535"),
        Case("nfs: {port: 70000}", "1: nfs.port: found the number 70000, expected a port from 1 to 65535"),
        Case("nfs: {port: -1}", "1: nfs.port: found the number -1, expected a port from 1 to 65535"),
        Case("nfs: {port: 010}", "1: nfs.port: found the number 010, expected a port from 1 to 65535"),
        Case("nfs: {port: 2049.5}", "1: nfs.port: found the number 2049.5, expected a port from 1 to 65535"),
        Case("nfs: {mountdPort: 111}", "1: nfs.mountdPort: found 111, which is rpcbind's; use another port"),
        Case("nfs: {server: knfsd}", "1: nfs.server: found \"knfsd\"; allowed: kernel, ganesha or auto"),
        Case(
            "nfs: {address: \"0.0.0.0\"}",
            "1: nfs.address: found \"0.0.0.0\", expected the address or the host name that clients mount from, without a port"
        ),
        Case(
            "nfs: {address: \"10.0.0.1:2049\"}",
            "1: nfs.address: found \"10.0.0.1:2049\", expected the address or the host name that clients mount from, "
                + "without a port"),
        Case(
            "nfs: {mountOptions: [\"hard,intr\", \"a\\nb\"]}",
            "1: nfs.mountOptions[0]: found \"hard,intr\", expected one mount option, like hard or timeo=600, "
                + "without spaces, commas and quotes",
            "1: nfs.mountOptions[1]: found \"a\\nb\", expected one mount option, like hard or timeo=600, "
                + "without spaces, commas and quotes"),
        Case(
            "api: {listen: \":8080\"}",
            "1: api.listen: found \":8080\", expected address:port, like 127.0.0.1:8080 or [::1]:8080, "
                + "the port from 1 to 65535"),
        Case(
            "log: {level: loud}",
            "1: log.level: found \"loud\"; allowed: trace, debug, info, notice, warning, error or critical"),
        Case(
            "pools: [{name: a, backend: zfs, overcommit: 0.5}]",
            "1: pools[0].backend: found \"zfs\"; allowed: loop, lvm or rbd",
            "1: pools[0].overcommit: found the number 0.5, expected a number from 1 (promise only what is there) to 1000"
        ),
        Case("pools: [{name: a, backend: lvm}]", "1: pools[0].volumeGroup: the key is missing"),
        Case("pools: [{name: a, backend: rbd}]", "1: pools[0].pool: the key is missing"),
        Case(
            "pools: [{name: a, backend: rbd, pool: \"a,b\", user: client/x, prefix: A.b, volumeGroup: vg}]",
            "1: pools[0].volumeGroup: a pool with backend rbd has no such key; it belongs to lvm",
            "1: pools[0].pool: found \"a,b\", expected a name as ceph shows it, without \"client.\": at most 100 letters, digits, '_', '.' and '-', beginning with none of the last two",
            "1: pools[0].user: found \"client/x\", expected a name as ceph shows it, without \"client.\": at most 100 letters, digits, '_', '.' and '-', beginning with none of the last two",
            "1: pools[0].prefix: the prefix \"A.b\" has the character 'A'; use 1 to 63 characters of a-z, 0-9 and '-', beginning and ending with a letter or digit"
        ),
        Case(
            "pools:\n- {name: a, backend: rbd, pool: rbd}\n- {name: b, backend: rbd, pool: rbd, user: x}",
            "3: pools[1].pool: pools[0] is in the Ceph pool rbd of /etc/ceph/ceph.conf, with the prefix \"convert2nfs\", already; one pool for each place"
        ),
        Case(
            "pools: [{name: a, backend: lvm, volumeGroup: a/b, thinPool: -x, reserve: 91}]",
            "1: pools[0].volumeGroup: found \"a/b\", expected a name as lvs and vgs show it: at most 100 letters, digits, '+', '_', '.' and '-', not beginning with '-'",
            "1: pools[0].thinPool: found \"-x\", expected a name as lvs and vgs show it: at most 100 letters, digits, '+', '_', '.' and '-', not beginning with '-'",
            "1: pools[0].reserve: found the number 91, expected a percentage from 0 to 90"),
        Case(
            "pools: [{name: a, backend: lvm, volumeGroup: vg, directory: /x}]",
            "1: pools[0].directory: a pool with backend lvm has no such key; it belongs to loop"),
        Case(
            "pools:\n- {name: a, backend: lvm, volumeGroup: vg}\n- {name: b, backend: lvm, volumeGroup: vg, thinPool: null}",
            "3: pools[1].volumeGroup: pools[0] is in the volume group vg already; one pool for each place"),
        Case(
            "pools: [{name: a, backend: loop, overcommit: .inf}]",
            "1: pools[0].overcommit: found the number .inf, expected a number from 1 (promise only what is there) to 1000"
        ),
        Case("pools: []", "1: pools: found no pool; name at least one, or remove the key"),
        Case(
            "api:\n  tokens:\n  - name: a\n    role: root\n    hash: hunter2\n  - role: admin",
            "4: api.tokens[0].role: found \"root\"; allowed: reader, provisioner or admin",
            "5: api.tokens[0].hash: expected \"sha256:\" and 64 hexadecimal digits, as \"convert2nfsd token\" prints them",
            "6: api.tokens[1].name: the key is missing", "6: api.tokens[1].hash: the key is missing"),
    ]

    static let names = [
        Case(
            "node: {name: Storage_A}",
            "1: node.name: the node name \"Storage_A\" has the character 'S'; use 1 to 63 characters of a-z, 0-9 and '-', "
                + "beginning and ending with a letter or digit"),
        Case(
            "pools: [{name: ../x, backend: loop}]",
            "1: pools[0].name: the pool name \"../x\" has the character '.'; use 1 to 63 characters of a-z, 0-9 and '-', "
                + "beginning and ending with a letter or digit"),
        Case(
            "pools:\n- {name: a, backend: loop, directory: /a}\n- {name: a, backend: loop, directory: /b}",
            "3: pools[1].name: pools[0] is a pool named \"a\" already; names are unique"),
        Case(
            "api:\n  tokens:\n  - {name: a, role: admin, hash: \"\(hash)\"}\n  - {name: a, role: reader, hash: \"\(hash)\"}",
            "4: api.tokens[1].name: api.tokens[0] is a token named \"a\" already; names are unique"),
    ]

    static let paths = [
        Case(
            "node: {state: var/lib}",
            "1: node.state: found \"var/lib\", expected an absolute path below /, without . and .."),
        Case("node: {state: /}", "1: node.state: found \"/\", expected an absolute path below /, without . and .."),
        Case(
            "node: {state: /a/../b}",
            "1: node.state: found \"/a/../b\", expected an absolute path below /, without . and .."),
        Case(
            "log: {file: \"/var/log/my log\"}",
            "1: log.file: found \"/var/log/my log\"; a path may hold letters, digits, '/', '.', '_' and '-'"),
        Case(
            "node: {state: /\(String(repeating: "s", count: 80))}",
            "1: node.state: the path has 81 characters, at most 75 fit into a socket's address"),
        Case(
            "nfs: {path: \"{namespace}\"}",
            "1: nfs.path: the path \"{namespace}\" must hold {namespace} and {name} once each, "
                + "and otherwise only letters, digits, '.', '_' and '-'"),
    ]

    static let rules = [
        Case(
            "api: {listen: \"0.0.0.0:8080\"}",
            "1: api.listen: 0.0.0.0:8080 is open to other machines, and without api.tokens everybody there could delete "
                + "volumes; add a token, or listen on 127.0.0.1"),
        Case("nfs: {port: 20048}", "1: nfs.port: nfs.port and nfs.mountdPort are both 20048; use different ports"),
        Case(
            "nfs: {port: 20049}",
            "1: nfs.port: nfs.port and the lock manager's port (nfs.mountdPort + 1) are both 20049; use different ports"
        ),
        Case(
            "nfs: {mountdPort: 65535}",
            "1: nfs.mountdPort: found 65535; the lock manager and rpc.statd need the next two ports, so use 65533 or less"
        ),
        Case(
            "nfs: {mountdPort: 65534}",
            "1: nfs.mountdPort: found 65534; the lock manager and rpc.statd need the next two ports, so use 65533 or less"
        ),
        Case(
            "nfs: {grace: 12}",
            "1: nfs.grace: the grace period of 12 s is shorter than the lease of 15 s; make nfs.grace as long at least"),
        Case(
            "nfs: {mountdPort: 109}",
            "1: nfs.mountdPort: found 109; rpc.statd would get 111, which is rpcbind's"),
        Case(
            "nfs: {port: 20050}",
            "1: nfs.port: nfs.port and rpc.statd's port (nfs.mountdPort + 2) are both 20050; use different ports"),
        Case("nfs: {port: 8080}", "1: nfs.port: nfs.port and api.listen are both 8080; use different ports"),
        Case(
            "nfs: {root: /var/lib}",
            "1: nfs.root: node.state /var/lib/convert2nfs and nfs.root /var/lib lie within each other; keep them apart"),
        Case(
            "pools: [{name: a, backend: loop, directory: /nfs/images}]",
            "1: pools[0].directory: pools[0].directory /nfs/images and nfs.root /nfs lie within each other; keep them apart"
        ),
        Case(
            "pools:\n- {name: a, backend: loop, directory: /a}\n- {name: b, backend: loop, directory: /a/b}",
            "3: pools[1].directory: /a/b and /a of pools[0] lie within each other; keep pools apart"),
        Case(
            "pools: [{name: a, backend: loop, directory: /var/lib}]",
            "1: pools[0].directory: /var/lib is or holds the state directory /var/lib/convert2nfs; use a directory of its own"
        ),
        Case(
            "log: {file: /var/log/convert2nfs_error.log}",
            "1: log.file: log.file and log.errors are both /var/log/convert2nfs_error.log; use different files"),
        Case(
            "nfs: {root: relative}\npools: [{name: a, backend: loop, directory: /nfs/x}]",
            "1: nfs.root: found \"relative\", expected an absolute path below /, without . and .."),
    ]

    static let hash = "sha256:" + String(repeating: "0", count: 64)

    @Test("directories whose names only begin alike do not overlap")
    func alikeNames() throws {
        let text = "nfs: {root: /srv/nfs}\npools: [{name: a, backend: loop, directory: /srv/nfs-images}]"
        #expect(try parsed(text).pools.map(\.directory) == ["/srv/nfs-images"])
    }

    @Test("a listen address that other machines reach is fine with a token")
    func openWithToken() throws {
        let text = "api: {listen: \"0.0.0.0:8080\", tokens: [{name: a, role: admin, hash: \"\(Self.hash)\"}]}"
        #expect(try parsed(text).api.listen.description == "0.0.0.0:8080")
    }
}
