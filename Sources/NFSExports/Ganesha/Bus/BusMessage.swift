import CDBus

/// Whom a call is for.
struct BusObject {
    let destination: String
    let path: String
    let interface: String

    static let bus = BusObject(
        destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus")
    static let exportManager = BusObject(
        destination: "org.ganesha.nfsd", path: "/org/ganesha/nfsd/ExportMgr", interface: "org.ganesha.nfsd.exportmgr")
}

/// A message, and typed access to its arguments.
final class BusMessage {
    let pointer: OpaquePointer

    init(call method: String, on object: BusObject) {
        // Nil only when memory is exhausted or a name is malformed, and the names are ours.
        guard let pointer = dbus_message_new_method_call(object.destination, object.path, object.interface, method)
        else { preconditionFailure("\(object.interface).\(method) is not a D-Bus method") }
        self.pointer = pointer
        // Never start a service of that name from the system's service files.
        dbus_message_set_auto_start(pointer, 0)
    }

    init(adopting pointer: OpaquePointer) { self.pointer = pointer }

    deinit { dbus_message_unref(pointer) }

    func append(_ value: UInt16) -> BusMessage {
        var iterator = DBusMessageIter()
        var value = value
        dbus_message_iter_init_append(pointer, &iterator)
        dbus_message_iter_append_basic(&iterator, Self.type("q"), &value)
        return self
    }

    func append(_ value: String) -> BusMessage {
        var iterator = DBusMessageIter()
        dbus_message_iter_init_append(pointer, &iterator)
        value.withCString { text in
            var text: UnsafePointer<CChar>? = text
            _ = dbus_message_iter_append_basic(&iterator, Self.type("s"), &text)
        }
        return self
    }

    func reader() -> BusReader { BusReader(self) }

    static func type(_ code: Unicode.Scalar) -> Int32 { Int32(code.value) }
}

/// Walks the arguments of a message. Every accessor answers nil if the next argument is of another type, and stays
/// there.
struct BusReader {
    private let message: BusMessage
    private var iterator = DBusMessageIter()

    init(_ message: BusMessage) {
        self.message = message
        dbus_message_iter_init(message.pointer, &iterator)
    }

    private init(_ message: BusMessage, _ iterator: DBusMessageIter) {
        self.message = message
        self.iterator = iterator
    }

    mutating func uint16() -> UInt16? { basic("q", 0 as UInt16) }
    mutating func uint32() -> UInt32? { basic("u", 0 as UInt32) }
    mutating func int32() -> Int32? { basic("i", 0 as Int32) }
    mutating func byte() -> UInt8? { basic("y", 0 as UInt8) }
    mutating func boolean() -> Bool? { basic("b", 0 as UInt32).map { $0 != 0 } }

    mutating func string() -> String? {
        basic("s", nil as UnsafePointer<CChar>?).flatMap { $0 }.map { String(cString: $0) }
    }

    /// A reader of what is inside the next struct (`r`) or array (`a`).
    mutating func inside(_ code: Unicode.Scalar) -> BusReader? {
        guard dbus_message_iter_get_arg_type(&iterator) == BusMessage.type(code) else { return nil }
        var inner = DBusMessageIter()
        dbus_message_iter_recurse(&iterator, &inner)
        dbus_message_iter_next(&iterator)
        return BusReader(message, inner)
    }

    private mutating func basic<Value: BitwiseCopyable>(_ code: Unicode.Scalar, _ initial: Value) -> Value? {
        guard dbus_message_iter_get_arg_type(&iterator) == BusMessage.type(code) else { return nil }
        var value = initial
        dbus_message_iter_get_basic(&iterator, &value)
        dbus_message_iter_next(&iterator)
        return value
    }
}
