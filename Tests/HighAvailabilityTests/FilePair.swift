import FoundationEssentials
import Glibc
import HostTools
import Logging
import StorageCore
import Synchronization
import TestSupport
import Testing

@testable import HighAvailability

/// Two nodes of a pair on this machine, each with directories for volumes, an rsync daemon of its own, and a clock that a test sets.
final class FilePair: Sendable {
    final class Node: ReplicaVolumes {
        let directory: TemporaryDirectory
        let volumes = Mutex<[Volume]>([])
        let removed = Mutex<[VolumeKey]>([])
        let isUp = Mutex(false)
        /// Another has its name, or its pool is not there.
        let refuses = Mutex(false)

        init() throws { directory = try TemporaryDirectory() }

        func begin() throws(StorageError) { isUp.withLock { $0 = true } }
        func end() throws(StorageError) { isUp.withLock { $0 = false } }
        func list() throws(StorageError) -> [Volume] { volumes.withLock { $0 } }
        func hold(_ volume: Volume) throws(StorageError) -> HeldDirectory {
            do throws(HostError) { return try HeldDirectory(volume.path.value) } catch {
                throw StorageError(.unavailable, "\(error)")
            }
        }
        func sync(_ directory: HeldDirectory, of volume: Volume) throws(StorageError) {}
        func freeze(_ volume: Volume) throws(StorageError) -> String? { nil }
        func release(_ volume: Volume) {}
        func releaseAll() {}
        @discardableResult
        func ensure(_ volume: Volume) throws(StorageError) -> Volume {
            if refuses.withLock({ $0 }) { throw StorageError(.outOfCapacity, "the pool is full") }
            let path = "\(root)/\(volume.key.namespace)\(volume.key.name)"
            do throws(HostError) { try Directory.ensureExists(path, mode: 0o755) } catch {
                throw StorageError(.unavailable, "\(error)")
            }
            let volume = volume.at(MountPath(path))
            volumes.withLock { volumes in
                volumes.removeAll { $0.id == volume.id }
                volumes.append(volume)
            }
            return volume
        }
        func remove(_ volume: Volume) throws(StorageError) {
            volumes.withLock { $0.removeAll { $0.id == volume.id } }
            removed.withLock { $0.append(volume.key) }
        }

        var root: String { "\(directory.path)/nfs" }
        func path(_ name: String) -> String { "\(root)/shopdata/\(name)" }
        func write(_ text: String, to name: String) throws {
            let path = path(name)
            try Directory.ensureExists(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), mode: 0o755)
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        func read(_ name: String) -> String? {
            (try? DurableFile.read(path(name), limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
        }
        /// By their paths in the volume, of those files that were kept.
        func kept() throws -> [String: String] {
            let top = path(RsyncSettings.kept)
            var found: [String: String] = [:]
            for moment in try Directory.names(in: top) ?? [] {
                for name in try FileManager.default.subpathsOfDirectory(atPath: "\(top)/\(moment)") {
                    if let bytes = try? DurableFile.read("\(top)/\(moment)/\(name)", limit: 1 << 20) {
                        found[name] = String(decoding: bytes, as: UTF8.self)
                    }
                }
            }
            return found
        }
    }

    let nodes: [Node]
    let replications: [FileReplication]

    init(password: [String] = ["secret", "secret"]) async throws {
        nodes = [try Node(), try Node()]
        let addresses = [try ClientAddress("127.0.0.1"), try ClientAddress("127.0.0.2")]
        let port = try FilePair.port()
        let toolbox = try ToolLocator.ofThisProcess.locate(FileReplication.requiredTools)
        let runner = SystemCommandRunner()
        let clock = Shift()
        var made: [FileReplication] = []
        for (index, node) in nodes.enumerated() {
            try Directory.ensureExists(node.root, mode: 0o755)
            try Directory.ensureExists("\(node.directory.path)/shared", mode: 0o755)
            let settings = RsyncSettings(
                own: addresses[index], other: addresses[1 - index], port: port, root: node.root,
                shared: "\(node.directory.path)/shared", directory: "\(node.directory.path)/rsync",
                password: password[index])
            made.append(
                try FileReplication(
                    .init(
                        interval: .milliseconds(1), maximumLag: .seconds(100),
                        ledger: "\(node.directory.path)/copies.json"),
                    volumes: node, rsync: try Rsync(settings, toolbox: toolbox, runner: runner), toolbox: toolbox,
                    runner: runner, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                    now: { Date().timeIntervalSince1970 + clock.seconds.withLock { $0 } }))
        }
        replications = made
        self.clock = clock
    }

    final class Shift: Sendable { let seconds = Mutex(0.0) }
    let clock: Shift

    /// Asks the node that is not `index`.
    func ask(from index: Int) -> FileReplication.Ask {
        let other = replications[1 - index]
        return { request, _ async throws(StorageError) in
            var volumes: [Volume]?
            var place: FilePlace?
            switch request {
            case .volumes(let whole): volumes = try await other.list(having: whole)
            case .expose(let id): place = try await other.expose(id)
            case .conceal(let id, let isWhole): try await other.conceal(id, isWhole: isWhole)
            default: throw StorageError(.internal, "not asked for here")
            }
            return PairAnswer(
                isGranted: true,
                report: PairReport(
                    node: try NodeName("other"), role: .primary, record: PairRecord(), data: .unknown, address: .held,
                    holdsStorage: true), volumes: volumes, place: place)
        }
    }

    private static func port() throws -> UInt16 { UInt16.random(in: 20000...29999) }

    func stop() async throws {
        for node in nodes {
            guard let bytes = try DurableFile.read("\(node.directory.path)/rsync/pid", limit: 64),
                let pid = Int32(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)),
                let process = try ProcessIdentity.current(of: pid)
            else { continue }
            try await process.terminate(grace: .zero)
        }
    }
}

extension Volume {
    func at(_ path: MountPath) -> Volume {
        Volume(
            identity: identity, exportID: exportID, pool: pool, filesystem: filesystem, path: path, capacity: capacity,
            squash: squash, clients: clients, phase: phase, createdAt: createdAt, source: nil)
    }
}
