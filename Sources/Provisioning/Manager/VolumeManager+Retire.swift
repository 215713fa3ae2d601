import StorageCore

extension VolumeManager {
    /// The end of the program: waits until no operation runs, `patience` at most. What takes longer is given up, to be
    /// recovered by the next start; if it holds back a volume's writes, they go on now and not then.
    package func windDown(patience: Duration) async {
        let end = ContinuousClock.now + patience
        while !live.isEmpty {
            guard ContinuousClock.now < end else {
                logger.warning("operations still run; the next start recovers them")
                givenUp.raise()
                do throws(StorageError) {
                    try await thawAll()
                } catch {
                    logger.error("a volume's writes could not be let go on: \(error)")
                }
                return
            }
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return }
        }
    }

    /// Ensures that no volume of this node is frozen. One is, when the program was killed while it copied it: then
    /// every writer hangs in the kernel, the NFS server too, which cannot even be killed. Tries all and throws the
    /// first error.
    package func thawAll() async throws(StorageError) {
        var refusal: StorageError?
        for volume in try await catalog.volumes() {
            do throws(StorageError) {
                _ = try await filesystem.thaw(volume.path)
            } catch {
                refusal = refusal ?? error.about(volume.key.resource)
            }
        }
        if let refusal { throw refusal }
    }

    /// Ensures that no volume of this node is mounted or has a device; the NFS server was stopped before. Records and
    /// data stay, so the next start brings all back. Answers how many were unmounted. `busy` naming the holders of the
    /// first that is in use; the others are unmounted then. One that is not mounted and whose pool does not answer is
    /// passed over: there is nothing to take down.
    package func unmountAll() async throws(StorageError) -> Int {
        var count = 0
        var refusal: StorageError?
        let seen = try await observer.look()
        for volume in seen.volumes where seen.place(of: volume) != .unknown {
            do throws(StorageError) {
                if try await executor.performer.unmount(volume) == .changed { count += 1 }
            } catch {
                refusal = refusal ?? error.about(volume.key.resource)
            }
        }
        if let refusal { throw refusal }
        return count
    }
}
