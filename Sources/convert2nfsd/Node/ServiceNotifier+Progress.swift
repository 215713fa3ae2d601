import HostTools
import Provisioning
import StorageCore

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

    /// What it is told of a node of a pair that has started: who serves is found out then.
    func readyAsMember() { ready(status: "nobody is known to serve yet") }

    /// Which node of the pair serves, if any does.
    func tell(primary: NodeName?, isOwn: Bool) {
        guard let primary else { return status("neither node of the pair serves") }
        status(isOwn ? Self.well : "\(primary) serves, and this node of the pair does not")
    }

    private static var well: String { "volumes are mounted and exported" }
}
