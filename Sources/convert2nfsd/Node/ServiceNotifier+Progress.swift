import HostTools
import Provisioning

extension ServiceNotifier {
    /// What the service manager is told of the node. It counts as started once it is ready, and not before: what is ordered
    /// after it, like a host's own unit of the NFS server, waits for the volumes' exports.
    func tell(_ progress: Reconciler.Progress) {
        switch progress {
        case .ready: ready(status: Self.well)
        case .recovered: status(Self.well)
        case .failing(let reason): status(reason)
        }
    }

    private static var well: String { "volumes are mounted and exported" }
}
