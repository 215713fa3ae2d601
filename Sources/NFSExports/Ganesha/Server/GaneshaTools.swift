import HostTools
import StorageCore

/// The programs that serve NFS here, found at start.
package struct GaneshaTools: Hashable, Sendable {
    /// What has to be asked for at start.
    package static let names: [ToolName] = [.ganesha, .dbusDaemon, .rpcbind, .statd]

    package let ganesha: Tool
    package let dbusDaemon: Tool
    package let rpcbind: Tool
    package let statd: Tool
    package let pluginDirectory: String

    /// Throws `unavailable`, naming the packages to install, if a program or the VFS plug-in is not there, or if there is
    /// no `mountTable`: without it NFS-Ganesha starts, and refuses every export.
    package init(_ toolbox: Toolbox, mountTable: String = "/etc/mtab") throws(StorageError) {
        let action = "NFS-Ganesha"
        ganesha = try onHost(action) { () throws(HostError) in try toolbox.require(.ganesha) }
        dbusDaemon = try onHost(action) { () throws(HostError) in try toolbox.require(.dbusDaemon) }
        rpcbind = try onHost(action) { () throws(HostError) in try toolbox.require(.rpcbind) }
        statd = try onHost(action) { () throws(HostError) in try toolbox.require(.statd) }
        pluginDirectory = try Self.findPlugins()
        guard try onHost(action, { () throws(HostError) in try FileFacts.of(mountTable) }) != nil else {
            throw StorageError(
                .unavailable,
                "NFS-Ganesha reads what is mounted from \(mountTable), which this machine lacks; make it with "
                    + "\"ln -s /proc/self/mounts \(mountTable)\"")
        }
    }

    /// Debian has it under the name of the architecture (`/usr/lib/x86_64-linux-gnu/ganesha`), others in `/usr/lib64`.
    private static func findPlugins() throws(StorageError) -> String {
        try onHost("NFS-Ganesha's plug-ins") { () throws(HostError) in
            let architectures = try Directory.names(in: "/usr/lib") ?? []
            let candidates =
                ["/usr/lib64/ganesha", "/usr/lib/ganesha"] + architectures.map { "/usr/lib/\($0)/ganesha" }
            // Plain files lie in /usr/lib too, and below them nothing can be looked at.
            for directory in candidates where ((try? FileFacts.of("\(directory)/libfsalvfs.so")) ?? nil) != nil {
                return directory
            }
            throw HostError.missingTools([MissingTool(name: "libfsalvfs.so", package: "nfs-ganesha-vfs")])
        }
    }
}
