import StorageCore

/// The answer of `body` for each of the volumes, one after the other, of pools to which many at once are nothing special.
func each<Value>(
    of volumes: [VolumeIdentity], _ body: (VolumeIdentity) async throws(StorageError) -> Value
) async -> [VolumeID: Result<Value, StorageError>] {
    var answers: [VolumeID: Result<Value, StorageError>] = [:]
    for volume in volumes {
        do throws(StorageError) {
            answers[volume.id] = .success(try await body(volume))
        } catch {
            answers[volume.id] = .failure(error)
        }
    }
    return answers
}
