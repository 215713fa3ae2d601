import FoundationEssentials
import HostTools
import StorageBackends
import StorageCore

/// Volume groups that tests may fill, and that nobody else uses: `CONVERT2NFS_TEST_VOLUME_GROUP` names an empty one,
/// and `CONVERT2NFS_TEST_THIN_POOL` a thin pool, as `GROUP/POOL`, in another. Hosts whose kernel has no device-mapper
/// have none.
package struct LVMGroup: Sendable {
    package let name: String
    package let thinPool: String?

    package static var test: LVMGroup? {
        let environment = ProcessInfo.processInfo.environment
        return environment["CONVERT2NFS_TEST_VOLUME_GROUP"].map { LVMGroup(name: $0, thinPool: nil) }
    }

    package static var testThin: LVMGroup? {
        let parts = ProcessInfo.processInfo.environment["CONVERT2NFS_TEST_THIN_POOL"]?.split(separator: "/") ?? []
        return parts.count == 2 ? LVMGroup(name: String(parts[0]), thinPool: String(parts[1])) : nil
    }

    package func backend() throws -> LVMBackend {
        try LVMBackend(
            group: name, thinPool: thinPool,
            toolbox: ToolLocator.ofThisProcess.locate(LVMBackend.requiredTools), runner: SystemCommandRunner())
    }
}
