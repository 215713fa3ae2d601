import HostTools
import StorageCore

/// The room on the filesystem of what moves with the service: the catalog, the NFS server's records, the list of connections.
package struct StateRoom: Sendable {
    private let directory: String
    private let work = BlockingWork(label: "state room")

    package init(of directory: String) { self.directory = directory }

    /// Said before the catalog begins nothing new, which it does not with less than 8 MiB.
    private static let floor: Int64 = 16 << 20

    /// Throws `outOfCapacity` where hardly any is left, `unavailable` if it cannot be looked at. Needs no privileges.
    package func look() async throws(StorageError) {
        let space: FilesystemSpace
        do throws(HostError) {
            space = try await work.run("statvfs", deadline: .seconds(5)) { [directory] _ throws(HostError) in
                try FilesystemControl.space(of: directory)
            }
        } catch {
            throw StorageError(.unavailable, "\(directory) cannot be looked at: \(error)")
        }
        guard space.available < Self.floor || (space.files > 0 && space.freeFiles < 64) else { return }
        throw StorageError(
            .outOfCapacity,
            "\(directory) is nearly full (\(space.available >> 10) KiB and \(space.freeFiles) inodes are left), and with less than 8 MiB "
                + "nothing new is made: see what is in it that is not convert2nfs's, or enlarge its filesystem"
        )
    }
}
