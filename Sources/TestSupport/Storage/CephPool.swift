import FoundationEssentials
import HostTools
import StorageBackends
import StorageCore

/// A Ceph pool that tests may fill: `CONVERT2NFS_TEST_CEPH_POOL` names one that /etc/ceph/ceph.conf leads to, as `USER@POOL`. Most hosts have
/// none.
package struct CephPool: Sendable {
    package let user: String
    package let pool: String

    package static var test: CephPool? {
        let parts = ProcessInfo.processInfo.environment["CONVERT2NFS_TEST_CEPH_POOL"]?.split(separator: "@") ?? []
        return parts.count == 2 ? CephPool(user: String(parts[0]), pool: String(parts[1])) : nil
    }

    package func place(prefix: String) -> RBDPlace {
        RBDPlace(configuration: "/etc/ceph/ceph.conf", user: user, pool: pool, namespace: "", prefix: prefix)
    }

    package func backend() throws -> RBDBackend {
        let tools = RBDBackend.requiredTools + (RBDBackend.isInKernel ? [] : RBDBackend.requiredToolsWithoutKernel)
        return try RBDBackend(
            place(prefix: "conformance"), overcommit: 1, toolbox: ToolLocator.ofThisProcess.locate(tools),
            runner: SystemCommandRunner())
    }
}
