import HostTools
import StorageCore
import Synchronization

/// Which image is attached to which loop device. Remembered, because looking through all devices for each volume would
/// make the 500th create slower than the 10th; and verified at each use, because an operator may detach a device.
/// All calls block.
final class LoopAttachments: Sendable {
    private let devices: LoopDevices
    /// An image that is not in it has not been looked for yet; nil is one that is known to have no device.
    private let known = Mutex<[FileID: LoopDevice?]>([:])

    init(devices: LoopDevices) { self.devices = devices }

    /// A file that was just made cannot be attached anywhere.
    func noteNew(_ image: FileID) { known.withLock { $0[image] = .some(nil) } }

    /// An inode's number may be given to another file once the image is gone.
    func forget(_ image: FileID) { known.withLock { $0[image] = nil } }

    /// The image's device, if it has one.
    func device(of image: FileID) throws(HostError) -> LoopDevice? {
        let remembered = known.withLock { $0[image] }
        switch remembered {
        case .some(.some(let device)) where try devices.backing(of: device)?.file == image: return device
        case .some(.none): return nil
        default:
            let device = try scan()[image]
            known.withLock { $0[image] = .some(device) }
            return device
        }
    }

    /// Every attached image. One device for each: should an image be attached twice, the lowest.
    @discardableResult
    func scan() throws(HostError) -> [FileID: LoopDevice] {
        var found: [FileID: LoopDevice] = [:]
        for (device, backing) in try devices.all() {
            if let other = found[backing.file], other.number < device.number { continue }
            found[backing.file] = device
        }
        let attached = found
        known.withLock { known in
            for (image, device) in attached { known[image] = device }
        }
        return found
    }

    /// Ensures the image has a device.
    func attach(_ path: String, _ image: FileID) throws(HostError) -> LoopDevice {
        if let device = try device(of: image) { return device }
        let device = try devices.attach(path)
        known.withLock { $0[image] = device }
        return device
    }

    /// Ensures the image has none. True if it had. EBUSY (`systemCall`) if it is mounted.
    func detach(_ image: FileID) throws(HostError) -> Bool {
        guard let device = try device(of: image) else { return false }
        let hasChanged = try devices.detach(device, from: image)
        known.withLock { $0[image] = .some(nil) }
        return hasChanged
    }

    /// Ensures that an image which was at `path`, and was removed, has no device. True if it had.
    func detachRemoved(_ path: String) throws(HostError) -> Bool {
        var hasChanged = false
        for (device, backing) in try devices.ofRemoved(path) {
            hasChanged = try devices.detach(device, from: backing.file) || hasChanged
            known.withLock { $0[backing.file] = nil }
        }
        return hasChanged
    }

    /// Ensures the device of the image, if it has one, is as large as the image. True if it was not.
    func refresh(_ image: FileID, size: Int64) throws(HostError) -> Bool {
        guard let device = try device(of: image), try devices.capacity(of: device) != size else { return false }
        try devices.refreshCapacity(of: device)
        return true
    }
}
