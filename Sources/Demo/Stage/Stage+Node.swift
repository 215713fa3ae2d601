import FoundationEssentials
import Glibc
import HostTools
import NodeAPI
import NodeHarness
import StorageCore

extension Stage {
    /// Kept from the first moment, so that an interruption finds it.
    func startDaemon() async throws -> ProcessIdentity {
        let started = try node.start()
        process = started
        try await node.waitUntilReady(started)
        return started
    }

    func startNode() async throws -> Finding {
        _ = try await startDaemon()
        let document = try await node.call { (client) async throws(StorageError) in try await client.node() }
        let pools = try await node.call { (client) async throws(StorageError) in try await client.pools() }
        try claim(document.nfs.server == "ganesha", otherwise: "the NFS server is \(document.nfs.server)")
        try claim(pools.map(\.backend) == ["loop"], otherwise: "the pools are \(pools.map(\.backend))")
        try claim(document.volumes == 0, otherwise: "a new node has volumes: \(document)")
        let server = try server()
        return Finding(
            "daemon ready on the embedded default: one loop pool, NFS-Ganesha \(server.pid) on port \(node.nfsPort)")
    }

    /// The process that serves NFS.
    func server() throws -> ProcessIdentity {
        guard let server = try node.nfsServer() else { throw Untrue("no NFS server runs") }
        return server
    }

    /// Kills the daemon while files are copied, lets the copy go on without one, and starts the next one in the middle
    /// of it.
    func killDaemon() async throws -> Finding {
        guard let process else { throw Untrue("the daemon does not run") }
        let server = try server()
        let transfer = try transfer(Self.data, "/again")
        let count = tree.files.count
        let progress = Counter()
        async let copied = transfer.copy(progress)
        var killedAt = count
        var startedAt = count
        if try await progress.reaches(count / 4) {
            try process.signal(SIGKILL)
            try await process.waitForExit()
            killedAt = progress.value
            if try await progress.reaches(killedAt + count / 4) {
                try claim(try !process.isAlive(), otherwise: "the daemon runs although it was killed")
                startedAt = progress.value
                _ = try await startDaemon()
            }
        }
        let whileStarting = progress.value - startedAt
        let fingerprint = try await copied
        try claim(startedAt < count, otherwise: "the copy was over before the daemon was killed")
        try claim(try self.server() == server, otherwise: "the NFS server is another one than before")
        try await claimSame(fingerprint, "the copy that went on without a daemon")
        try await claimSame(try await transfer.compare(), "what came back of it")
        return Finding(
            "kill -9 at file \(Shown.count(killedAt)): \(Shown.count(startedAt - killedAt)) more without a daemon, "
                + "\(Shown.count(whileStarting)) while it started; no error, same Ganesha")
    }

    func claimSame(_ other: Fingerprint, _ what: String) async throws {
        try claim(other == fingerprint, otherwise: "\(what) has the checksum \(other)")
    }

    func retireNode() async throws -> Finding {
        try await node.retire(process)
        process = nil
        try claim(try node.nfsServer() == nil, otherwise: "an NFS server runs after retire")
        return Finding("daemon ended, NFS-Ganesha stopped, nothing mounted")
    }

    func showNothingIsLeft() async throws -> Finding {
        let leaks = try Leaks(of: node)
        try claim(leaks.isEmpty, otherwise: "left behind: \(leaks)")
        try await network.remove()
        try Self.removeTree(directory)
        try claim(FileManager.default.fileExists(atPath: directory) == false, otherwise: "\(directory) is still there")
        return Finding("no mount, loop device or process; pool and export root empty; \(directory) removed")
    }

    static func removeTree(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }
}
