import HostTools
import StorageCore

/// Where the server's files lie, all under one directory that belongs to it alone.
package struct GaneshaFiles: Hashable, Sendable {
    package let directory: String

    /// Throws `invalidArgument` for a path that the servers' configuration files cannot hold, or that is too long for
    /// a Unix socket below it (108 bytes with the final NUL, unix(7)).
    package init(directory: String) throws(StorageError) {
        guard directory.hasPrefix("/"),
            directory.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F })
        else {
            throw StorageError(
                .invalidArgument,
                "the NFS state directory \"\(directory)\" must be absolute and without quotes, backslashes and "
                    + "control characters"
            )
        }
        self.directory = directory
        guard busSocket.utf8.count <= 107 else {
            throw StorageError(
                .invalidArgument,
                "the NFS state directory \"\(directory)\" is too long for the socket below it "
                    + "(\(busSocket.utf8.count) bytes, 107 are allowed); choose a shorter one"
            )
        }
    }

    package var busSocket: String { directory + "/bus.sock" }
    package var busConfiguration: String { directory + "/dbus.conf" }
    package var busLog: String { directory + "/dbus.log" }
    package var serverConfiguration: String { directory + "/ganesha.conf" }
    package var serverLog: String { directory + "/ganesha.log" }
    package var serverOutput: String { directory + "/ganesha.out" }
    package var serverPID: String { directory + "/ganesha.pid" }
    package var helperLog: String { directory + "/rpc.log" }
    /// Who runs, and with what.
    package var record: String { directory + "/server.json" }
    /// NFSv4's client records, which a restarted server lets clients reclaim by.
    package var recovery: String { directory + "/recovery" }
    /// Is there once a server has been ready, and may have given out locks and opens.
    package var served: String { recovery + "/served" }
    /// Descriptions of single exports, for the moment in which the server is told to read them.
    package var exports: String { directory + "/exports" }

    package func export(_ id: ExportID) -> String { "\(exports)/\(id).conf" }
}
