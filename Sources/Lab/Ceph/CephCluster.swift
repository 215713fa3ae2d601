import FoundationEssentials
import Glibc
import HostTools

/// A real Ceph cluster on this host: one monitor, one manager, two OSDs that hold a copy each, at the lab's own address in the
/// replication network, with keys that are asked for. Everything of it is in its directory; it ends with `stop`, or with the processes'
/// namespace.
package struct CephCluster: Sendable {
    package let directory: String
    let tools: CephTools

    /// The OSDs' numbers.
    package static let stores = 0..<2
    package static let address = LabNetwork.Link.replication.address(LabNetwork.ownNumber)
    package static let pool = "rbd"
    /// As whom the machines reach it.
    package static let user = "convert2nfs"

    /// Of one in `directory`, whether it runs or not. Throws `missingTools` with what is to be installed.
    package init(directory: String) throws(HostError) {
        self.directory = directory
        tools = try CephTools(configuration: "\(directory)/ceph.conf")
    }

    var configuration: String { tools.configuration }
    private var administrator: String { "\(directory)/ceph.client.admin.keyring" }
    private func keyring(_ daemon: String) -> String { "\(directory)/\(daemon)/keyring" }
    /// The monitor makes its store in an empty directory.
    private var monitorKeyring: String { "\(directory)/mon.keyring" }

    // MARK: Its life

    /// Makes it and starts it; its pool `rbd` is there then. In the lab's network, once that is made.
    package func start() async throws {
        for name in ["mon", "mgr", "run"] + Self.stores.map({ "osd.\($0)" }) {
            try Directory.ensure("\(directory)/\(name)", mode: 0o755)
        }
        let identity = UUID().uuidString.lowercased()
        try write(Self.settings(identity, directory), to: configuration)
        try await makeMonitor(identity)
        try begin("mon.a", .cephMon, ["-i", "a"])
        try await makeManager()
        try begin("mgr.x", .cephMgr, ["-i", "x"])
        for number in Self.stores {
            try await makeStore(number)
            try startStore(number)
        }
        try await ceph("osd pool create \(Self.pool) 8 8")
        try await ceph("osd pool application enable \(Self.pool) rbd")
        try await waitUntilHealthy()
    }

    private static let daemons = ["mgr.x", "mon.a"] + stores.map { "osd.\($0)" }

    /// Ensures none of the daemons of one in that directory runs, if there is one.
    static func stop(in directory: String) async throws {
        for name in daemons { try await process(name, in: directory)?.terminate(grace: .zero) }
    }

    /// SIGKILL: as if its machine had lost its power.
    package func killStore(_ number: Int) async throws { try await process("osd.\(number)")?.terminate(grace: .zero) }

    package func startStore(_ number: Int) throws { try begin("osd.\(number)", .cephOSD, ["-i", "\(number)"]) }

    /// All of it stands still, as behind a network that is cut, or goes on.
    package func pause(_ isPaused: Bool) throws {
        for name in Self.daemons { _ = try process(name)?.signal(isPaused ? SIGSTOP : SIGCONT) }
    }

    /// Returns once every copy of everything is there.
    package func waitUntilHealthy(deadline: Duration = .seconds(90)) async throws {
        let end = ContinuousClock.now + deadline
        var last = ""
        while ContinuousClock.now < end {
            last = try await ceph("pg stat")
            let isWhole = last.contains("active+clean") && !last.contains("degraded") && !last.contains("peering")
            if isWhole, !last.contains("unknown"), !last.contains("undersized") { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw HostError.unexpected("the cluster does not become healthy: \(last)")
    }

    // MARK: Its use

    /// What ceph(8) says to a command of its words, as an administrator.
    @discardableResult
    package func ceph(_ words: String) async throws(HostError) -> String {
        try await tools.run(
            .ceph,
            ["--name", "client.admin", "--keyring", administrator] + words.split(separator: " ").map(String.init)
        ).text
    }

    /// What rbd(8) says.
    @discardableResult
    package func rbd(_ words: String) async throws(HostError) -> String {
        try await tools.run(
            .rbd, ["--id", "admin", "--keyring", administrator] + words.split(separator: " ").map(String.init)
        ).text
    }

    /// What rados(8) says of the pool's objects.
    @discardableResult
    package func rados(_ words: String) async throws(HostError) -> String {
        try await tools.run(
            .rados,
            ["--id", "admin", "--keyring", administrator, "--pool", Self.pool]
                + words.split(separator: " ").map(String.init)
        ).text
    }

    package struct Image: Sendable {
        /// A snapshot's is `IMAGE@NAME`.
        package let name: String
        package let size: Int64
    }

    /// What is in the pool.
    package func images() async throws -> [Image] {
        struct Entry: Decodable {
            let image: String
            let snapshot: String?
            let size: Int64
        }
        let text = try await rbd("ls --long --format json \(Self.pool)")
        return try JSONDecoder().decode([Entry].self, from: Data(text.utf8)).map { entry in
            Image(name: entry.image + (entry.snapshot.map { "@\($0)" } ?? ""), size: entry.size)
        }
    }

    /// Of one who may do what docs/ceph.md says that a node has to.
    private func keyring() async throws(HostError) -> String {
        try await tools.run(
            .ceph,
            [
                "--name", "client.admin", "--keyring", administrator, "auth", "get-or-create", "client.\(Self.user)",
                "mon",
                "profile rbd, allow command \"osd blocklist\" with blocklistop=rm", "osd",
                "profile rbd pool=\(Self.pool)",
            ]
        ).text
    }

    /// Lets a machine reach it.
    package func admit(_ machine: Machine) async throws {
        let keyring = try await keyring()
        try await machine.sh("mkdir -p /etc/ceph")
        try await machine.write(Array(try clientConfiguration().utf8), to: "/etc/ceph/ceph.conf")
        try await machine.write(Array(keyring.utf8), to: "/etc/ceph/ceph.client.\(Self.user).keyring", mode: "0600")
    }

    private func clientConfiguration() throws -> String {
        let lines = try String(contentsOfFile: configuration, encoding: .utf8).split(separator: "\n")
        return lines.filter { $0.hasPrefix("[global]") || $0.hasPrefix("fsid") || $0.hasPrefix("mon host") }
            .joined(separator: "\n") + "\n"
    }

    // MARK: Parts

    private func makeMonitor(_ identity: String) async throws {
        try await key("mon.", ["mon", "allow *"], in: monitorKeyring)
        try await key(
            "client.admin", ["mon", "allow *", "osd", "allow *", "mgr", "allow *"], in: administrator)
        try await tools.run(.cephAuthtool, [monitorKeyring, "--import-keyring", administrator])
        try await tools.run(
            .monmaptool, ["--create", "--fsid", identity, "--addv", "a", Self.monitor, "\(directory)/monmap"])
        try await tools.run(
            .cephMon, ["--mkfs", "-i", "a", "--monmap", "\(directory)/monmap", "--keyring", monitorKeyring])
    }

    private func makeManager() async throws {
        let capabilities = ["mon", "allow profile mgr", "osd", "allow *"]
        try await key("mgr.x", capabilities, in: keyring("mgr"))
        try await ceph("auth import -i \(keyring("mgr"))")
    }

    private func makeStore(_ number: Int) async throws {
        let identity = UUID().uuidString.lowercased()
        try await ceph("osd new \(identity) \(number)")
        try await key(
            "osd.\(number)", ["mon", "allow profile osd", "mgr", "allow profile osd", "osd", "allow *"],
            in: keyring("osd.\(number)"))
        try await ceph("auth import -i \(keyring("osd.\(number)"))")
        try await tools.run(.cephOSD, ["-i", "\(number)", "--mkfs", "--osd-uuid", identity])
    }

    /// A new key with what it may do, in a file of its own.
    private func key(_ user: String, _ capabilities: [String], in file: String) async throws {
        var arguments = ["--create-keyring", file, "--gen-key", "--name", user]
        for index in stride(from: 0, to: capabilities.count, by: 2) {
            arguments += ["--cap", capabilities[index], capabilities[index + 1]]
        }
        try await tools.run(.cephAuthtool, arguments)
    }

    private func begin(_ name: String, _ tool: ToolName, _ arguments: [String]) throws {
        let process = try DetachedProcess(
            try tools.tool(tool), ["-f", "-c", configuration] + arguments,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], outputFile: "\(directory)/\(name).out"
        ).start()
        try DurableFile.write(Array(JSONEncoder().encode(process)), to: "\(directory)/run/\(name).process")
    }

    private func process(_ name: String) throws -> ProcessIdentity? { try Self.process(name, in: directory) }

    private static func process(_ name: String, in directory: String) throws -> ProcessIdentity? {
        guard let bytes = try DurableFile.read("\(directory)/run/\(name).process", limit: 65536) else { return nil }
        return try JSONDecoder().decode(ProcessIdentity.self, from: Data(bytes))
    }

    private func write(_ text: String, to path: String) throws(HostError) {
        try DurableFile.write(Array(text.utf8), to: path, mode: 0o644)
    }
}
