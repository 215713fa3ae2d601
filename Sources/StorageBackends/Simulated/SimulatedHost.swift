import StorageCore
import Synchronization

/// The devices and mounts of a machine that does not exist, in memory. A `SimulatedBackend` and a `SimulatedFilesystem`
/// on the same host behave together as the real ones do, so that the daemon can run without root and with any number of
/// volumes.
package final class SimulatedHost: Sendable {
    private let state = Mutex(State())

    package init() {}

    func withState<Value: Sendable>(_ body: (inout State) throws -> Value) throws(StorageError) -> Value {
        do {
            return try state.withLock { try body(&$0) }
        } catch {
            throw StorageError.wrap(error)
        }
    }

    struct State: Sendable {
        /// What is on each active device.
        var devices: [DevicePath: Device] = [:]
        var mounts: [MountPath: DevicePath] = [:]
        /// Which device each mounted filesystem is on.
        var mountedFilesystems: [VolumeID: DevicePath] = [:]
        private var lastDevice = 0

        /// A device that nobody uses, with a number that was never given before: real numbers change too.
        mutating func attach(_ image: Image) -> DevicePath {
            lastDevice += 1
            let path = DevicePath("/dev/simulated\(lastDevice)")
            devices[path] = Device(image: image)
            return path
        }

        func device(_ path: DevicePath) throws(StorageError) -> Device {
            guard let device = devices[path] else {
                throw StorageError(.internal, "there is no device \(path)")
            }
            return device
        }
    }

    /// What goes wrong with a mounted filesystem.
    package enum Fault: Sendable {
        /// It has shut itself down after I/O errors. Unmounting it mends it.
        case shutDown
        /// Measuring it does not end.
        case hangs
    }

    struct Device: Sendable {
        let image: Image
        var mountCount = 0
        /// What is wrong with the filesystem that is mounted from it.
        var fault: Fault?
    }

    /// What lies in a pool: shared by the pool and by the device it is active as.
    final class Image: Sendable {
        let content: Mutex<Content>

        init(_ content: Content) { self.content = Mutex(content) }

        var snapshot: Content { content.withLock { $0 } }
    }

    struct Content: Sendable, Hashable {
        var capacity: ByteCount
        var filesystem: Filesystem?
    }

    struct Filesystem: Sendable, Hashable {
        let kind: FilesystemKind
        var id: VolumeID
        /// What it fills of its device.
        var capacity: ByteCount
        var isFrozen = false
    }
}
