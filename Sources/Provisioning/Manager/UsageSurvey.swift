import StorageCore
import Synchronization

/// What is in use in many volumes, as far as it is known.
final class UsageSurvey: Sendable {
    private let found = Mutex<[VolumeID: ByteCount]>([:])

    /// How many volumes are measured at once at most.
    private static let width = 8

    var used: [VolumeID: ByteCount] { found.withLock { $0 } }

    /// One that cannot be measured is left out.
    func measure(_ volumes: [Volume], _ filesystem: any VolumeFilesystem) async {
        _ = await concurrently(volumes, width: Self.width) { volume in
            guard !Task.isCancelled, let usage = try? await filesystem.usage(of: volume.path) else { return }
            self.found.withLock { $0[volume.id] = usage.used }
        }
    }
}
