/// How the daemon runs, as far as an operator types it: what remedies say has to work on this node.
package struct DaemonFacts: Hashable, Sendable {
    /// Its files of the log: everything, and the errors alone.
    private let log: String
    private let errors: String
    /// Whether systemd has started it, as the unit that comes with the project.
    private let isUnit: Bool

    package init(log: String, errors: String, isUnit: Bool) {
        self.log = log
        self.errors = errors
        self.isUnit = isUnit
    }

    var readLog: String { "tail \(log)" }
    var readErrors: String { "tail \(errors)" }

    /// It starts what is missing beside the server, and clients notice nothing of it.
    var restart: String {
        isUnit ? "systemctl restart convert2nfsd" : "\(Self.end), and start convert2nfsd run again as it was started"
    }

    /// Takes the node out of service for a moment.
    var retire: String {
        isUnit
            ? "systemctl stop convert2nfsd; convert2nfsd retire; systemctl start convert2nfsd"
            : "\(Self.end); convert2nfsd retire, with the same --config; and start convert2nfsd run again as it was started"
    }

    private static let end = "end the daemon (kill $(pidof convert2nfsd))"
}
