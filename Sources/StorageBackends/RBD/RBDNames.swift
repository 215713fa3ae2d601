import StorageCore

/// How images are called: `PREFIX.NAMESPACE.NAME`, so that `rbd ls` says whose they are; one that is not complete yet,
/// `PREFIX.partial..ID`. What is ours of a pool begins with the prefix, and what does not is somebody else's and not looked at. Pure.
struct RBDNames: Sendable, Hashable {
    /// A label, without the dot.
    let prefix: String

    /// All of ours begin with it.
    var start: String { "\(prefix)." }

    func name(of volume: VolumeKey) -> String { "\(start)\(volume.namespace).\(volume.name)" }

    /// Under this name a volume is made, until it is whole and has its identity. No volume has such a one: labels have no dot.
    func partialName(of volume: VolumeID) -> String { "\(partialStart)\(volume)" }

    func isPartial(_ name: String) -> Bool { name.hasPrefix(partialStart) }

    /// Of a pair: of the image of the service's own files.
    var stateName: String { "\(start)state.." }

    /// Of the objects beside it: what is written of the pair, and what its nodes hold in turn.
    var record: String { "\(start)record" }
    var lease: String { "\(start)lease" }

    /// Neither a volume nor anybody else's.
    func isOwn(_ name: String) -> Bool { isPartial(name) || name == stateName }

    private var partialStart: String { "\(start)partial.." }

    // MARK: Snapshots of an image

    /// What others took has other names.
    static func snapshot(_ name: SnapshotName) -> String { "\(snapshotStart)\(name)" }

    /// That a copy is cloned from, for as long as that takes.
    static func source(of copy: VolumeID) -> String { "\(sourceStart)\(copy)" }

    static func snapshotName(_ text: String) -> SnapshotName? {
        text.hasPrefix(snapshotStart) ? try? SnapshotName(String(text.dropFirst(snapshotStart.count))) : nil
    }

    static func isSource(_ text: String) -> Bool { text.hasPrefix(sourceStart) }

    private static let snapshotStart = "convert2nfs."
    private static let sourceStart = "convert2nfs-source."
}
