import StorageCore

/// A D-Bus call that did not succeed: the error's name and text as the bus or the server gave them.
struct BusError: Error, Equatable, CustomStringConvertible {
    let name: String
    let message: String

    /// The other side does not run, or does not answer in time; nothing is known about what it did.
    var isAbsence: Bool {
        [
            "NoReply", "Timeout", "TimedOut", "ServiceUnknown", "NameHasNoOwner", "NoServer", "Disconnected",
            "FileNotFound",
            "IOError", "NoNetwork", "Failed.NotConnected",
        ]
        .contains { name == "org.freedesktop.DBus.Error.\($0)" }
    }

    /// It is there, as far as one can tell, and took too long.
    var isSlow: Bool {
        ["NoReply", "Timeout", "TimedOut"].contains { name == "org.freedesktop.DBus.Error.\($0)" }
    }

    /// The connection is of no use any more; a new one may be.
    var isBrokenConnection: Bool { name == "org.freedesktop.DBus.Error.Disconnected" }

    var isUnknownExport: Bool { message.contains("Export id not found") }
    var isAlreadyActive: Bool { message.contains("already active") }

    static let disconnected = BusError(
        name: "org.freedesktop.DBus.Error.Disconnected", message: "the connection to the bus is closed")

    /// The directory that each start makes is not there.
    static let neverStarted = BusError(
        name: "org.freedesktop.DBus.Error.NoServer", message: "it was never started in its state directory")

    var description: String { "\(message) (\(name))" }

    /// `unavailable` if the server is not there, else `internal` with its own words.
    func storageError(_ action: String) -> StorageError {
        let words = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return isAbsence
            ? StorageError(.unavailable, "\(action): the NFS server does not answer: \(words)")
            : StorageError(.internal, "\(action): NFS-Ganesha refused it: \(words)")
    }
}
