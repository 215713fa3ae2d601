import HostTools
import StorageCore

extension LinuxFilesystem: MountAdopter {
    package func adoptable(at path: MountPath) async throws(StorageError) -> DevicePath {
        try await work.perform("looking at the mount \(path)", on: path.value, deadline: .seconds(30)) { _ in
            let table = try MountTable.current()
            // The table has paths without symbolic links.
            let real = (Directory.realPath(path.parent) ?? path.parent) + path.value.dropFirst(path.parent.count)
            // The last one is on top.
            guard let mount = table.last(where: { $0.mountPoint == real }) else {
                throw StorageError(
                    .notFound,
                    "nothing is mounted at \(path), where the volume has to be; what is mounted elsewhere cannot be adopted "
                        + "without its clients' mounting it anew")
            }
            if let obstacle = try Self.obstacle(mount, real, table) {
                throw StorageError(.conflict, "what is mounted at \(path) \(obstacle)")
            }
            return try Self.device(of: mount)
        }
    }

    private static func obstacle(_ mount: MountEntry, _ path: String, _ table: [MountEntry]) throws -> String? {
        if mount.root != "/" {
            return "is only \(mount.root) of \(mount.source) (a bind mount), and a volume is all of it"
        }
        if let failure = try failure(of: mount), failure != ObservedMount.readOnly { return "has failed: \(failure)" }
        if mount.options.contains("ro") || mount.superblockOptions.contains("ro") {
            return "is mounted read-only, and a volume is not; mount -o remount,rw"
        }
        if let other = table.first(where: { $0.device == mount.device && $0.id != mount.id }) {
            return "is mounted at \(other.mountPoint) too, which would hold it when the volume is deleted; unmount that"
        }
        if let below = table.first(where: { $0.mountPoint.hasPrefix(path + "/") }) {
            return
                "has something mounted at \(below.mountPoint), which would hold it when the volume is deleted; unmount that"
        }
        if let hidden = try Directory.hiddenNames(below: path), !hidden.isEmpty {
            return
                "hides files in the directory below it (\(hidden.sorted().prefix(3).joined(separator: ", "))), so it could not be "
                + "mounted there again; look at them through a bind mount of \(Self.parent(path)) and move them away"
        }
        return nil
    }

    private static func parent(_ path: String) -> String { MountPath(path).parent }
}
