import StorageCore
import TestSupport
import Testing

private let everyKind = StorageFixture.Kind.available

@Suite(
    "Every pool keeps the contract", .tags(.integration), .requiresRoot, .requiresLoopDevices,
    .requires(.mkfsXFS, .mkfsExt4, .blkid))
struct StorageBackendConformanceTests {
    @Test("creating ensures blank storage of the capacity", arguments: everyKind)
    func create(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.createIsIdempotent)
    }

    @Test("storage of another volume of that name is a conflict and is left alone", arguments: everyKind)
    func namesake(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.createRefusesANamesake)
    }

    @Test("what the pool has no room for is refused, and nothing is left of it", arguments: everyKind)
    func capacity(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.createKeepsToTheCapacity)
    }

    @Test("volumes created at once are not promised the same room", arguments: everyKind)
    func promises(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.promisesAreKeptApart)
    }

    @Test("what is available falls with each promise and rises with each removal", arguments: everyKind)
    func usage(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.usageFollowsPromises)
    }

    @Test("a volume has one device while it is active, and none after", arguments: everyKind)
    func activation(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.activationIsIdempotent)
    }

    @Test("many are activated at once, and one that is not there keeps none of the others", arguments: everyKind)
    func activationOfMany(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.activatesMany)
    }

    @Test("a volume that was just made is seen by whoever looks, with what it takes", arguments: everyKind)
    func looking(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.whatIsMadeIsSeenAtOnce)
    }

    @Test("a mounted volume is busy, and stays whole", arguments: everyKind)
    func busy(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.mountedIsBusy)
    }

    @Test("removing leaves nothing, active or not", arguments: everyKind)
    func remove(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.removeIsIdempotent)
    }

    @Test("growing never shrinks, and keeps to the capacity", arguments: everyKind)
    func grow(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.growthIsIdempotent)
    }

    @Test("a snapshot holds the moment, and its clone is independent", arguments: everyKind)
    func snapshots(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.snapshotsHoldTheMoment)
    }

    @Test("a copy of a frozen volume is equal to it", arguments: everyKind)
    func copies(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.copiesAreEqual)
    }

    @Test("a full copy tells its progress, rising to the total", arguments: everyKind)
    func progress(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.fullCopiesTellTheirProgress)
    }

    @Test("a copy needs a source, room for it, and room in the pool", arguments: everyKind)
    func sources(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.copiesNeedTheirSource)
    }

    @Test("snapshots outlive their volume and are not mistaken for a namesake's", arguments: everyKind)
    func orphans(_ kind: StorageFixture.Kind) async throws {
        try await StorageFixture.with(kind, StorageBackendConformance.snapshotsOutliveTheirVolume)
    }
}

@Suite(
    "Every filesystem keeps the contract", .tags(.integration), .requiresRoot, .requiresLoopDevices,
    .requires(.mkfsXFS, .mkfsExt4, .blkid, .adminXFS, .growXFS, .resizeExt4, .tuneExt4, .checkExt4))
struct VolumeFilesystemConformanceTests {
    private static let kinds = StorageFixture.Kind.devices

    @Test("a device is formatted once", arguments: kinds, FilesystemKind.allCases)
    func format(_ kind: StorageFixture.Kind, _ filesystem: FilesystemKind) async throws {
        try await StorageFixture.with(kind) { try await VolumeFilesystemConformance.formatsOnce($0, filesystem) }
    }

    @Test("a device is mounted at its path and nowhere else", arguments: kinds, FilesystemKind.allCases)
    func mount(_ kind: StorageFixture.Kind, _ filesystem: FilesystemKind) async throws {
        try await StorageFixture.with(kind) { try await VolumeFilesystemConformance.mountsAndUnmounts($0, filesystem) }
    }

    @Test("a mounted filesystem grows with its device", arguments: kinds, FilesystemKind.allCases)
    func grow(_ kind: StorageFixture.Kind, _ filesystem: FilesystemKind) async throws {
        try await StorageFixture.with(kind) { try await VolumeFilesystemConformance.growsOnline($0, filesystem) }
    }

    @Test("freezing and thawing are idempotent", arguments: kinds, FilesystemKind.allCases)
    func freeze(_ kind: StorageFixture.Kind, _ filesystem: FilesystemKind) async throws {
        try await StorageFixture.with(kind) { try await VolumeFilesystemConformance.freezesAndThaws($0, filesystem) }
    }

    @Test("a renewed copy lives beside its origin", arguments: kinds, FilesystemKind.allCases)
    func renew(_ kind: StorageFixture.Kind, _ filesystem: FilesystemKind) async throws {
        try await StorageFixture.with(kind) { try await VolumeFilesystemConformance.renewsCopies($0, filesystem) }
    }
}
