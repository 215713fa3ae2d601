import HostTools

/// Where the kernel's server and its programs keep what they share with us. The defaults are Debian's.
package struct KernelFiles: Hashable, Sendable {
    /// Our own: who was started, and what it says.
    package let state: String
    package var exports = "/etc/exports.d"
    /// The operator's alone.
    package var operators = "/etc/exports"
    package var configuration = "/etc/nfs.conf.d/convert2nfs.conf"
    package var tab = "/var/lib/nfs/etab"
    /// nfsd(7), mounted there.
    package var control = "/proc/fs/nfsd"
    /// Of rpc.statd(8): who has locks of NFSv3.
    package var lockRecords = "/var/lib/nfs/sm"
    /// Where sm-notify(8), which is of another user, reaches those that move with a pair.
    package var movedRecords = "/run/convert2nfs/statd"
    /// Where nfsdcld(8) and the kernel speak with each other.
    package var pipes = "/run/rpc_pipefs"

    package init(state: String) { self.state = state }

    var record: String { "\(state)/server.json" }
    var helperLog: String { "\(state)/rpc.log" }

    /// The files that exportfs(8) reads and that are none of ours, in its order; the first may be missing.
    package func operatorsExports() throws(HostError) -> [String] {
        let names = try Directory.names(in: exports) ?? []
        let others = names.filter { $0.hasSuffix(".exports") && !$0.hasPrefix(".") && ExportFile.id($0) == nil }
        return [operators] + others.sorted().map { "\(exports)/\($0)" }
    }
}
