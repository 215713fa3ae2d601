import ArgumentParser
import NodeAPI

struct VolumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume", abstract: "Make, change, check and delete volumes.",
        subcommands: [
            VolumeCreate.self, VolumeList.self, VolumeShow.self, VolumeResize.self, VolumeClients.self,
            VolumeDelete.self, VolumeManifest.self, VolumeCheck.self,
        ])
}

extension VolumeDocument {
    /// What a client mounts.
    var export: String {
        let server = nfs.server.contains(":") ? "[\(nfs.server)]" : nfs.server
        return "\(server):\(nfs.path)"
    }

    /// `volume shop/data created: 10Gi xfs at 192.0.2.10:/nfs/shopdata`.
    func sentence(_ what: String) -> String {
        "volume \(key) \(what): \(capacityBytes) \(filesystem.rawValue) at \(export)"
    }
}
