import Glibc

/// Small files for a reader that comes at once. They are not synced, so a crash may leave one empty or cut short; what
/// has to outlive one is a `DurableFile`.
package enum TransientFile {
    /// Ensures `path` holds exactly `bytes`; a new file has `mode`. On an error nothing is left of it.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws(HostError) {
        let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        do {
            try file.write(bytes, path)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Ensures nothing is at `path`; true if something was.
    @discardableResult
    package static func remove(_ path: String) throws(HostError) -> Bool {
        try DurableFile.remove(path, syncsDirectory: false)
    }
}
