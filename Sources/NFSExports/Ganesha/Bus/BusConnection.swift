import CDBus

/// A private connection to a message bus (dbus_connection_open_private). Blocks; used by one thread at a time, that of
/// `ManagementBus`.
final class BusConnection {
    private let connection: OpaquePointer

    /// Connects to the bus that listens at `socketPath` and introduces itself (`Hello`).
    init(socketPath: String, deadline: Duration) throws(BusError) {
        // The actor's work may run on several threads, one after the other; libdbus has no locks before this.
        dbus_threads_init_default()
        var error = DBusError()
        dbus_error_init(&error)
        guard let connection = dbus_connection_open_private(DBusAddress.unixSocket(socketPath), &error) else {
            throw Self.take(&error)
        }
        self.connection = connection
        // libdbus's default is to end the process when the bus goes away.
        dbus_connection_set_exit_on_disconnect(connection, 0)
        // Not dbus_bus_register, which waits for 25 seconds.
        var reply = try call(BusMessage(call: "Hello", on: .bus), deadline: deadline).reader()
        dbus_bus_set_unique_name(connection, reply.string() ?? "")
    }

    deinit {
        dbus_connection_close(connection)
        dbus_connection_unref(connection)
    }

    /// Sends a method call and waits for its reply.
    func call(_ message: BusMessage, deadline: Duration) throws(BusError) -> BusMessage {
        var error = DBusError()
        dbus_error_init(&error)
        let reply = dbus_connection_send_with_reply_and_block(
            connection, message.pointer, Self.milliseconds(deadline), &error)
        // Signals that nobody asked for (NameAcquired) would pile up.
        while let stray = dbus_connection_pop_message(connection) { dbus_message_unref(stray) }
        guard let reply else {
            let failure = Self.take(&error)
            throw dbus_connection_get_is_connected(connection) == 0 ? .disconnected : failure
        }
        return BusMessage(adopting: reply)
    }

    /// Sends all of them before it waits for the first reply; answers replies and errors in their order. One after the
    /// other, most of the time would go into waking up the bus and the server for each.
    func calls(_ messages: [BusMessage], deadline: Duration) throws(BusError) -> [Result<BusMessage, BusError>] {
        var pending: [OpaquePointer] = []
        defer { for call in pending { dbus_pending_call_unref(call) } }
        for message in messages {
            var call: OpaquePointer?
            let isSent = dbus_connection_send_with_reply(
                connection, message.pointer, &call, Self.milliseconds(deadline))
            // Nil when the connection is closed.
            guard isSent != 0, let call else { throw .disconnected }
            pending.append(call)
        }
        return try pending.map { (call) throws(BusError) in
            dbus_pending_call_block(call)
            guard let reply = dbus_pending_call_steal_reply(call) else { throw .disconnected }
            var error = DBusError()
            dbus_error_init(&error)
            let message = BusMessage(adopting: reply)
            guard dbus_set_error_from_message(&error, reply) != 0 else { return .success(message) }
            let failure = Self.take(&error)
            if dbus_connection_get_is_connected(connection) == 0 { throw .disconnected }
            return .failure(failure)
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }

    private static func take(_ error: inout DBusError) -> BusError {
        defer { dbus_error_free(&error) }
        guard let name = error.name, let message = error.message else { return .disconnected }
        return BusError(name: String(cString: name), message: String(cString: message))
    }
}

/// D-Bus server addresses (D-Bus specification, "Server Addresses").
enum DBusAddress {
    /// Bytes other than `-0-9A-Za-z_/.\*` are escaped as `%` and two hexadecimal digits, so that the result needs no
    /// further quoting in XML either.
    static func unixSocket(_ path: String) -> String {
        let plain = Set("-_/.\\*0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        let digits = Array("0123456789abcdef")
        return path.utf8.reduce(into: "unix:path=") { text, byte in
            if plain.contains(byte) {
                text.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                text += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
