import CDBus
import HostTools
import StorageCore

/// NFS-Ganesha's management interface on its private bus. Typed calls, each with a deadline, on a thread of its
/// own, since libdbus blocks. It connects when it is first needed, and again when the bus was restarted.
package actor ManagementBus {
    private nonisolated let executor = BlockingExecutor(label: "ganesha-bus")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let socketPath: String
    private let deadline: Duration
    private var connection: BusConnection?
    /// What was served when this process last heard of it. Only a hint which call to try first: Ganesha logs an error
    /// for each call about an export that it does not have.
    private var heard: Set<UInt16> = []

    package init(socketPath: String, deadline: Duration = .seconds(10)) {
        self.socketPath = socketPath
        self.deadline = deadline
    }

    /// Whether the bus itself answers.
    func ping() throws(BusError) { _ = try call(BusMessage(call: "GetId", on: .bus)) }

    /// The process that owns Ganesha's name on the bus; nil if none does. `limit` instead of the usual deadline.
    func serverProcess(within limit: Duration? = nil) throws(BusError) -> Int32? {
        do {
            var reply = try call(
                BusMessage(call: "GetConnectionUnixProcessID", on: .bus).append(BusObject.exportManager.destination),
                within: limit)
            return reply.uint32().flatMap { Int32(exactly: $0) }
        } catch  where error.name == "org.freedesktop.DBus.Error.NameHasNoOwner" {
            return nil
        }
    }

    /// Ids of everything that is served, without the pseudo root's 0. `limit` instead of the usual deadline.
    func exportIDs(within limit: Duration? = nil) throws(BusError) -> [UInt16] {
        var reply = try call(BusMessage(call: "ShowExports", on: .exportManager), within: limit)
        _ = reply.inside("r")  // the time of the answer
        guard var list = reply.inside("a") else { throw Self.unexpected("ShowExports") }
        var ids: [UInt16] = []
        while var entry = list.inside("r") {
            guard let id = entry.uint16() else { throw Self.unexpected("ShowExports") }
            if id != 0 { ids.append(id) }
        }
        heard = Set(ids)
        return ids
    }

    /// Whether an export of this id is probably served. Costs nothing.
    func isProbablyServed(_ id: UInt16) -> Bool { heard.contains(id) }

    /// Nil if no export has the id.
    func export(_ id: UInt16) throws(BusError) -> ServedExport? {
        do {
            return try Self.parse(try call(BusMessage(call: "DisplayExport", on: .exportManager).append(id)))
        } catch  where error.isUnknownExport {
            heard.remove(id)
            return nil
        }
    }

    /// Everything that is served, in one turn of the actor.
    func exports() throws(BusError) -> [ServedExport] {
        var result: [ServedExport] = []
        var rest = try exportIDs()[...]
        guard let connection else { throw .disconnected }
        while !rest.isEmpty {
            // The bus keeps no more than 128 calls of one connection waiting (dbus-daemon(1),
            // max_replies_per_connection) where it is not told otherwise.
            let calls = rest.prefix(100).map { BusMessage(call: "DisplayExport", on: .exportManager).append($0) }
            rest = rest.dropFirst(calls.count)
            for reply in try connection.calls(calls, deadline: deadline) {
                switch reply {
                case .success(let message): result.append(try Self.parse(message.reader()))
                // It was withdrawn since.
                case .failure(let error) where error.isUnknownExport: continue
                case .failure(let error): throw error
                }
            }
        }
        return result
    }

    /// Adds the export that `file` describes.
    func addExport(_ id: UInt16, file: String) throws(BusError) {
        try change(
            "AddExport", BusMessage(call: "AddExport", on: .exportManager).append(file).append(Self.selector(id)))
    }

    /// Changes what can be changed of a served export (clients, squash) to what `file` describes.
    func updateExport(_ id: UInt16, file: String) throws(BusError) {
        try change(
            "UpdateExport", BusMessage(call: "UpdateExport", on: .exportManager).append(file).append(Self.selector(id)))
    }

    /// False if no export had the id.
    func removeExport(_ id: UInt16) throws(BusError) -> Bool {
        heard.remove(id)
        do {
            _ = try call(BusMessage(call: "RemoveExport", on: .exportManager).append(id))
            return true
        } catch  where error.isUnknownExport {
            return false
        }
    }

    private static func selector(_ id: UInt16) -> String { "EXPORT(Export_Id=\(id))" }

    /// Ganesha answers success with "1 exports updated. Errors found: ..." when it left out parts that it did not
    /// understand, which could be a client.
    private func change(_ method: String, _ message: BusMessage) throws(BusError) {
        var reply = try call(message)
        let text = reply.string() ?? ""
        guard text.hasPrefix("1 exports"), !text.contains("Errors found") else {
            throw BusError(name: "org.ganesha.nfsd.Error.Incomplete", message: "\(method) answered: \(text)")
        }
    }

    /// Sent on the connection there is; on a new one if that is found broken before anything could be sent.
    private func call(_ message: BusMessage, within limit: Duration? = nil) throws(BusError) -> BusReader {
        let deadline = limit ?? deadline
        if let connection {
            do {
                return try connection.call(message, deadline: deadline).reader()
            } catch  where error.isBrokenConnection {
                self.connection = nil
            }
        }
        let fresh = try BusConnection(socketPath: socketPath, deadline: deadline)
        connection = fresh
        return try fresh.call(message, deadline: deadline).reader()
    }

    private static func parse(_ reply: BusReader) throws(BusError) -> ServedExport {
        var reply = reply
        guard let id = reply.uint16(), let path = reply.string(), let pseudo = reply.string(), reply.string() != nil,
            var list = reply.inside("a")
        else { throw unexpected("DisplayExport") }
        var clients: [ServedExport.Client] = []
        while var entry = list.inside("r") {
            // Address, version, address bytes, mask bytes, kind, anonymous user and group, expiry, options, set
            // options.
            guard let text = entry.string(), entry.int32() != nil, entry.byte() != nil, entry.byte() != nil,
                entry.int32() != nil, entry.uint32() != nil, entry.uint32() != nil, entry.uint32() != nil,
                let options = entry.uint32(), let set = entry.uint32()
            else { throw unexpected("DisplayExport") }
            clients.append(.init(text: text, options: options, set: set))
        }
        return ServedExport(id: id, path: path, pseudo: pseudo, clients: clients)
    }

    private static func unexpected(_ method: String) -> BusError {
        BusError(
            name: "org.freedesktop.DBus.Error.InconsistentMessage",
            message: "the reply to \(method) is not of the form that NFS-Ganesha 4.3 has")
    }
}
