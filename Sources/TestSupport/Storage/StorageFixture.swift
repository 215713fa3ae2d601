import FoundationEssentials
import HostTools
import StorageBackends
import StorageCore

/// A pool and filesystems on it, for one test. What it made is gone when the test ends, passed or not.
package struct StorageFixture: Sendable {
    /// What the conformance suites are run on.
    package enum Kind: String, Sendable, CaseIterable {
        case simulated
        /// Images in a directory of this host, as it is.
        case loop
        /// Images on an XFS filesystem, which can share extents.
        case loopOnXFS
        /// Thick volumes in the volume group `LVMGroup.test`.
        case lvm
        /// Thin ones in `LVMGroup.testThin`.
        case lvmThin
        /// Images in the Ceph pool `CephPool.test`.
        case rbd

        package var isReal: Bool { self != .simulated }
        /// Whether a copy shares what it can with its source, and is not a full one.
        package var sharesCopies: Bool { [.loopOnXFS, .lvmThin, .rbd].contains(self) }
        /// Whether snapshots are left when their volume is removed.
        package var snapshotsOutliveTheirVolume: Bool { self != .lvm && self != .rbd }

        /// What this host has: with storage for tests just that, to be run beside the rest elsewhere.
        package static var available: [Kind] {
            let real =
                (LVMGroup.test == nil ? [] : [Kind.lvm]) + (LVMGroup.testThin == nil ? [] : [.lvmThin])
                + (CephPool.test == nil ? [] : [.rbd])
            return real.isEmpty ? [.simulated, .loop, .loopOnXFS] : real
        }
        /// Nil where it needs a directory.
        fileprivate func backend() throws -> (any StorageBackend)? {
            switch self {
            case .lvm: try LVMGroup.test?.backend()
            case .lvmThin: try LVMGroup.testThin?.backend()
            case .rbd: try CephPool.test?.backend()
            case .simulated, .loop, .loopOnXFS: nil
            }
        }
        /// One for each way volumes get their devices.
        package static var devices: [Kind] { available.filter { $0 != .loopOnXFS } }
    }

    package let kind: Kind
    package let backend: any StorageBackend
    package let filesystem: any VolumeFilesystem
    /// Where volumes are mounted.
    package let root: String
    /// The pool's directory, where it has one.
    package let directory: String?

    package static func with<Result: Sendable>(
        _ kind: Kind, _ body: (StorageFixture) async throws -> Result
    ) async throws -> Result {
        guard kind.isReal else {
            let host = SimulatedHost()
            let backend = SimulatedBackend(host: host, total: .gibibytes(4))
            return try await body(
                StorageFixture(
                    kind: kind, backend: backend, filesystem: SimulatedFilesystem(host: host), root: "/nfs",
                    directory: nil))
        }
        return try await withScratchDirectory { scratch in
            let filesystem = try await LinuxFilesystem.open(scratch)
            if let backend = try kind.backend() {
                let fixture = StorageFixture(
                    kind: kind, backend: backend, filesystem: filesystem, root: "\(scratch)/nfs", directory: nil)
                return try await cleaningUp(fixture) { try await body(fixture) }
            }
            guard kind == .loopOnXFS else { return try await loop(kind, scratch, filesystem, body) }
            return try await withPoolFilesystem(scratch, filesystem) { try await loop(kind, $0, filesystem, body) }
        }
    }

    private static func loop<Result: Sendable>(
        _ kind: Kind, _ parent: String, _ filesystem: LinuxFilesystem,
        _ body: (StorageFixture) async throws -> Result
    ) async throws -> Result {
        let directory = "\(parent)/images"
        let fixture = StorageFixture(
            kind: kind, backend: try LoopBackend.open(directory), filesystem: filesystem,
            root: "\(parent)/nfs", directory: directory)
        return try await cleaningUp(fixture) { try await body(fixture) }
    }

    /// A pool's filesystem is a volume of another pool.
    private static func withPoolFilesystem<Result: Sendable>(
        _ scratch: String, _ filesystem: LinuxFilesystem, _ body: (String) async throws -> Result
    ) async throws -> Result {
        let outer = StorageFixture(
            kind: .loop, backend: try LoopBackend.open("\(scratch)/outer"), filesystem: filesystem,
            root: "\(scratch)/pool", directory: "\(scratch)/outer")
        let volume = try VolumeIdentity(id: VolumeID(), key: VolumeKey("test", "pool"))
        return try await cleaningUp(outer) {
            try await outer.provision(volume, .gibibytes(2), .xfs)
            return try await body(outer.path(of: volume).value)
        }
    }

    private static func cleaningUp<Value: Sendable>(
        _ fixture: StorageFixture, _ body: () async throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        do { try await fixture.cleanUp() } catch  where result.isFailure {
            // The test's own error says more.
        }
        return try result.get()
    }

    private func cleanUp() async throws {
        for path in try await filesystem.mounts(under: [root]).keys.sorted().reversed() {
            _ = try await filesystem.thaw(path)
            _ = try await filesystem.unmount(path)
        }
        let inventory = try await backend.inventory()
        for volume in inventory.volumes { _ = try await backend.deactivate(volume.identity) }
        // A directory goes with the test, a volume group stays.
        guard directory == nil else { return }
        for snapshot in inventory.snapshots { _ = try await backend.removeSnapshot(snapshot.reference) }
        for volume in inventory.volumes { _ = try await backend.remove(volume.identity) }
    }

    package func path(of volume: VolumeIdentity) -> MountPath {
        MountPath("\(root)/\(volume.key.namespace)\(volume.key.name)")
    }

    /// A new volume's identity, with a name of its own unless one is given.
    package func identity(_ name: String) throws -> VolumeIdentity {
        try VolumeIdentity(id: VolumeID(), key: VolumeKey("shop", name))
    }

    /// Creates, activates, formats and mounts.
    @discardableResult
    package func provision(
        _ volume: VolumeIdentity, _ capacity: ByteCount, _ kind: FilesystemKind
    ) async throws -> DevicePath {
        _ = try await backend.create(volume, capacity: capacity)
        let device = try await backend.activate(volume)
        _ = try await filesystem.format(device, as: kind, id: volume.id)
        _ = try await filesystem.mount(device, as: kind, at: path(of: volume))
        return device
    }

    /// Freezes the volume as the daemon does.
    package func context(
        of volume: VolumeIdentity, report: @escaping @Sendable (CopyProgress) -> Void = { _ in }
    ) -> CopyContext {
        CopyContext { (work) async throws(StorageError) in
            _ = try await filesystem.freeze(path(of: volume))
            let outcome = try await work()
            _ = try await filesystem.thaw(path(of: volume))
            return outcome
        } report: { progress in
            report(progress)
        }
    }

    /// Writes a file on the volume. Nothing where the volumes are simulated, which keep no files.
    package func write(_ text: String, to name: String, on volume: VolumeIdentity) throws {
        guard kind.isReal else { return }
        try Data(text.utf8).write(to: URL(filePath: "\(path(of: volume))/\(name)"))
    }

    /// Whether the volume has a file with this content; true where the volumes keep no files.
    package func holds(_ text: String, in name: String, on volume: VolumeIdentity) throws -> Bool {
        guard kind.isReal else { return true }
        return try Data(contentsOf: URL(filePath: "\(path(of: volume))/\(name)")) == Data(text.utf8)
    }
}

extension LinuxFilesystem {
    /// With this host's tools.
    package static func open(_ stateDirectory: String) async throws -> LinuxFilesystem {
        try await open(
            toolbox: ToolLocator.ofThisProcess.locate(requiredTools), runner: SystemCommandRunner(),
            stateDirectory: stateDirectory)
    }
}

/// A directory of one test's own under the system's temporary directory, removed with what is in it when the test ends.
package func withScratchDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("convert2nfs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory.path)
}

extension Result {
    fileprivate var isFailure: Bool {
        if case .failure = self { true } else { false }
    }
}
