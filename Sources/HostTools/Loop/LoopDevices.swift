import CHostShims
import Glibc
import Synchronization

/// Loop devices (loop(4)), by direct ioctls: no process is started, and the cost of one device does not grow with the
/// number of the others. All calls block shortly; run them in `BlockingWork`. All need CAP_SYS_ADMIN.
///
/// Devices have no autoclear flag while they are in use: the data path outlives the daemon, and with autoclear a device
/// whose mount has just gone would vanish under a daemon that is about to use it. A device that was attached and never
/// mounted, because the daemon was killed between the two, is found by `all()` and by `find`, so nothing is leaked
/// either way.
package final class LoopDevices: Sendable {
    /// Asking for a free device and taking it are two calls; one at a time in this process, so that only other programs
    /// race.
    private let attaching = Mutex(())

    /// The logical block size of every device. Left to itself the kernel takes what direct I/O on the file needs at
    /// that moment: 512 bytes on most filesystems, but 4,096 once XFS shares the file's extents with a snapshot. A
    /// filesystem that was made with the smaller size could not be mounted any more then. 4,096 is right for both.
    static let blockSize: UInt32 = 4096

    package init() {}

    /// Attaches the file, and answers the device. The file is opened for reading and writing, directly (O_DIRECT) where
    /// its filesystem can, because otherwise everything is cached twice, and a full disk shows only when the kernel
    /// writes the cache back, long after the writer was told that all is well. The kernel falls back to the page cache
    /// by itself. Each call attaches one more device; see `find`.
    package func attach(_ image: String) throws(HostError) -> LoopDevice {
        let file = try Descriptor(opening: image, O_RDWR | O_NOFOLLOW)
        let control = try Descriptor(opening: "/dev/loop-control", O_RDWR)
        var config = loop_config()
        config.fd = UInt32(file.raw)
        config.block_size = Self.blockSize
        config.info.lo_flags = UInt32(LO_FLAGS_DIRECT_IO)
        setName(image, of: &config.info)
        let result = attaching.withLock { _ in
            Result { () throws(HostError) in try Self.takeFree(control, &config, image) }
        }
        return try result.get()
    }

    private static func takeFree(
        _ control: borrowing Descriptor, _ config: inout loop_config, _ image: String
    ) throws(HostError) -> LoopDevice {
        for _ in 0..<64 {
            let number = try systemCall("LOOP_CTL_GET_FREE", "/dev/loop-control") { host_loop_get_free(control.raw) }
            let device = LoopDevice(number: UInt32(number))
            let node = try device.open(O_RDWR)
            if host_loop_configure(node.raw, &config) == 0 { return device }
            // EBUSY: another program took it in between.
            guard errno == EBUSY else {
                throw HostError.systemCall(name: "LOOP_CONFIGURE", errno: errno, subject: "\(device) for \(image)")
            }
        }
        throw HostError.systemCall(name: "LOOP_CONFIGURE", errno: EBUSY, subject: "a free loop device for \(image)")
    }

    /// What the device is attached to now; nil if to nothing, or there is no such device.
    package func backing(of device: LoopDevice) throws(HostError) -> LoopBacking? {
        do {
            return try Self.backing(of: try device.open(O_RDONLY), device)
        } catch HostError.systemCall("open", ENOENT, _) {
            return nil
        } catch HostError.systemCall("open", ENXIO, _) {
            return nil
        }
    }

    private static func backing(
        of node: borrowing Descriptor, _ device: LoopDevice
    ) throws(HostError) -> LoopBacking? {
        var info = loop_info64()
        if host_loop_get_status(node.raw, &info) != 0 {
            if errno == ENXIO { return nil }
            throw HostError.systemCall(name: "LOOP_GET_STATUS64", errno: errno, subject: "\(device)")
        }
        return LoopBacking(
            file: FileID(device: info.lo_device, inode: info.lo_inode),
            isDirect: info.lo_flags & UInt32(LO_FLAGS_DIRECT_IO) != 0)
    }

    /// The device's size in bytes.
    package func capacity(of device: LoopDevice) throws(HostError) -> Int64 {
        let path = "/sys/block/loop\(device.number)/size"
        let text = String(decoding: try DurableFile.read(path, limit: 64) ?? [], as: UTF8.self)
        guard let sectors = Int64(text.filter(\.isNumber)) else {
            throw HostError.unexpected("\(path) holds \"\(text)\", not a number of sectors")
        }
        // In units of 512 bytes, whatever the device's sector size.
        return sectors * 512
    }

    /// The size of the backing file is the device's from now on (LOOP_SET_CAPACITY), after the file has grown.
    package func refreshCapacity(of device: LoopDevice) throws(HostError) {
        let node = try device.open(O_RDONLY)
        try systemCall("LOOP_SET_CAPACITY", "\(device)") { host_loop_set_capacity(node.raw) }
    }

    /// Ensures the device is not attached to `file` any more. True if it was. EBUSY (`systemCall`) while it is mounted:
    /// the kernel itself would answer success and detach it at some later time, so it is claimed first.
    package func detach(_ device: LoopDevice, from file: FileID) throws(HostError) -> Bool {
        guard try backing(of: device)?.file == file else { return false }
        // O_EXCL claims a block device; a mounted one is claimed by its filesystem (open(2)).
        let node = try device.open(O_RDONLY | O_EXCL)
        guard try Self.backing(of: node, device)?.file == file else { return false }
        try systemCall("LOOP_CLR_FD", "\(device)") { host_loop_clear(node.raw) }
        return true
    }

    /// Every attached device with its backing file. One directory and one small file for each device are read, so ask
    /// once for many, not for each of many.
    package func all() throws(HostError) -> [LoopDevice: LoopBacking] {
        try all { access($0, F_OK) == 0 }
    }

    /// Those whose backing file was at `path` and was removed.
    package func ofRemoved(_ path: String) throws(HostError) -> [LoopDevice: LoopBacking] {
        try all { file in
            // As d_path of the kernel writes it.
            (try? ControlFile.read(file, limit: 1 << 16)) == "\(path) (deleted)"
        }
    }

    private func all(where isWanted: (String) -> Bool) throws(HostError) -> [LoopDevice: LoopBacking] {
        var result: [LoopDevice: LoopBacking] = [:]
        for name in try Directory.names(in: "/sys/block") ?? [] {
            guard name.hasPrefix("loop"), let number = UInt32(name.dropFirst(4)),
                isWanted("/sys/block/\(name)/loop/backing_file")
            else { continue }
            let device = LoopDevice(number: number)
            result[device] = try backing(of: device)
        }
        return result
    }

    /// For people who look at losetup(8); nothing here reads it.
    private func setName(_ path: String, of info: inout loop_info64) {
        withUnsafeMutableBytes(of: &info.lo_file_name) { field in
            for (index, byte) in path.utf8.prefix(field.count - 1).enumerated() { field[index] = byte }
        }
    }
}

/// A loop device's number: 3 for `/dev/loop3`.
package struct LoopDevice: Hashable, Sendable, CustomStringConvertible {
    package let number: UInt32

    package init(number: UInt32) { self.number = number }

    /// From `/dev/loop3`; nil for any other path.
    package init?(path: String) {
        guard path.hasPrefix("/dev/loop"), let number = UInt32(path.dropFirst(9)) else { return nil }
        self.number = number
    }

    package var path: String { "/dev/loop\(number)" }
    package var description: String { path }

    /// In a container, nobody may have made the node of a device that is new; then it is made.
    fileprivate func open(_ flags: Int32) throws(HostError) -> Descriptor {
        do {
            return try Descriptor(opening: path, flags)
        } catch HostError.systemCall(_, ENOENT, _) {
            guard access("/sys/block/loop\(number)", F_OK) == 0 else {
                throw HostError.systemCall(name: "open", errno: ENOENT, subject: path)
            }
            // loop(4): the major number is 7.
            let result = mknod(path, S_IFBLK | 0o600, host_makedev(7, number))
            if result != 0 && errno != EEXIST {
                throw HostError.systemCall(name: "mknod", errno: errno, subject: path)
            }
            return try Descriptor(opening: path, flags)
        }
    }
}

/// What a loop device is attached to.
package struct LoopBacking: Hashable, Sendable {
    package let file: FileID
    /// Whether it bypasses the page cache.
    package let isDirect: Bool
}
