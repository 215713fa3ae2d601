import ArgumentParser
import NodeAPI

struct VolumeCreate: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a volume and export it to the clients that are named.",
        discussion: """
            The same command again changes nothing; with another size or another pool it is a conflict. Without --client nobody \
            may mount the volume. A copy takes its size, pool and filesystem from its origin unless they are given.
            """)

    @Argument(help: ArgumentHelp("NAMESPACE/NAME", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey

    @Option(help: ArgumentHelp("The size: 10Gi, 500M or bytes.", valueName: "quantity"), transform: convert2nfs.size)
    var size: ByteCount?

    @Option(help: "The pool it is carved from.", transform: poolName)
    var pool: PoolName?

    @Option(help: "Its filesystem (default: xfs).")
    var filesystem: FilesystemKind?

    @Option(help: "Which users of a client act as nobody (default: none).")
    var squash: Squash?

    @Option(
        name: .customLong("client"), parsing: .singleValue,
        help: ArgumentHelp("Who may mount it; may be repeated.", valueName: "address[=rw|ro]"), transform: clientRule)
    var clients: [ClientRule] = []

    @Option(
        help: ArgumentHelp("Copy this snapshot.", valueName: "namespace/name@snapshot"), transform: snapshotKey)
    var fromSnapshot: SnapshotKey?

    @Option(
        help: ArgumentHelp("Copy this volume as it is now.", valueName: "namespace/name"), transform: volumeKey)
    var fromVolume: VolumeKey?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "creating volume \(key)" }

    func validate() throws {
        guard fromSnapshot == nil || fromVolume == nil else {
            throw ValidationError("a volume is copied from a snapshot or from a volume; give one of them")
        }
        guard size != nil || source != nil else {
            throw ValidationError("a new volume needs a size; add --size, like --size 10Gi")
        }
    }

    func report(_ context: Context) async throws(StorageError) -> Report {
        let result = try await context.client.createVolume(try await request(context.client))
        let what = result.outcome == .changed ? "created" : "unchanged"
        return Report(result.document, text: result.document.sentence(what), names: [key.description])
    }

    private var source: VolumeSource? {
        fromSnapshot.map { .snapshot($0) } ?? fromVolume.map { .volume($0) }
    }

    private func request(_ client: NodeClient) async throws(StorageError) -> CreateVolumeRequest {
        var request = CreateVolumeRequest(
            key: key, capacity: size ?? .zero, pool: pool, filesystem: filesystem, squash: squash, clients: clients,
            source: source)
        guard let source, size == nil || pool == nil || filesystem == nil else { return request }
        switch source {
        case .snapshot(let key):
            let origin = try await client.snapshot(key)
            request.take(origin.capacityBytes, origin.pool, origin.filesystem)
        case .volume(let key):
            let origin = try await client.volume(key)
            request.take(origin.capacityBytes, origin.pool, origin.filesystem)
        }
        return request
    }
}

extension CreateVolumeRequest {
    /// Fills in from the origin what was not asked for.
    fileprivate mutating func take(_ capacity: ByteCount, _ pool: PoolName, _ filesystem: FilesystemKind) {
        if self.capacity == .zero { self.capacity = capacity }
        self.pool = self.pool ?? pool
        self.filesystem = self.filesystem ?? filesystem
    }
}
