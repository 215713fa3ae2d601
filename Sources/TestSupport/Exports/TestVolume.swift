import Glibc
import HostTools
import StorageCore

/// An ext4 filesystem of 64 MiB in an image on a loop device, mounted, its root writable by everyone.
package struct TestVolume: Sendable {
    package let path: MountPath
    package let device: LoopDevice
    package let uuid: VolumeID
    let image: String

    static func make(in directory: String, number: UInt16, loops: LoopDevices) async throws -> TestVolume {
        let image = "\(directory)/\(number).img"
        let path = "\(directory)/mnt/v\(number)"
        let uuid = VolumeID()
        let toolbox = try ToolLocator.ofThisProcess.locate([.mkfsExt4])
        try SparseFile.create(image, size: 64 << 20)
        // Of its own accord mkfs takes blocks of 1 KiB for so small a filesystem, less than the device's.
        try await SystemCommandRunner().output(
            of: Invocation(
                toolbox.require(.mkfsExt4),
                ["-q", "-b", "4096", "-U", uuid.description, "-E", "root_owner=0:0", image]))
        try Directory.ensure(path, mode: 0)
        let device = try loops.attach(image)
        let volume = TestVolume(path: MountPath(path), device: device, uuid: uuid, image: image)
        do {
            try Mounter.mount(device.path, at: path, filesystem: "ext4", data: "")
            guard chmod(path, 0o777) == 0 else {
                throw HostError.systemCall(name: "chmod", errno: errno, subject: path)
            }
        } catch {
            try? await volume.remove(loops)
            throw error
        }
        return volume
    }

    /// Throws EBUSY at once if the volume is in use.
    func remove(_ loops: LoopDevices) async throws {
        if try MountPoint.device(at: path.value) != nil { try Mounter.unmount(path.value) }
        if let file = try FileFacts.of(image)?.id { try await detach(file, loops) }
        try DurableFile.remove(image)
        try Directory.remove(path.value)
    }
}

extension TestVolume {
    /// A program that begins a mount namespace of its own (`unshare`, a container) has a copy of every mount, which
    /// keeps the device busy after the unmount: for a moment, or for as long as it runs. Then the kernel is told to
    /// detach the device when that ends, which losetup(8) does for a device in use.
    private func detach(_ file: FileID, _ loops: LoopDevices) async throws {
        let end = ContinuousClock.now + .seconds(5)
        while true {
            do throws(HostError) {
                _ = try loops.detach(device, from: file)
                return
            } catch {
                guard error.errorNumber == EBUSY else { throw error }
            }
            if ContinuousClock.now > end { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        let losetup = Tool(name: "losetup", path: "/sbin/losetup")
        try await SystemCommandRunner().output(of: Invocation(losetup, ["-d", device.path]))
    }
}

/// Directory trees of tests.
enum Tree {
    /// Removes it with all below it. Never crosses into a mounted filesystem: what is mounted there stays, and is an
    /// error (EBUSY).
    static func remove(_ path: String) throws(HostError) {
        for name in try Directory.names(in: path) ?? [] {
            let child = "\(path)/\(name)"
            var status = stat()
            guard lstat(child, &status) == 0 else { continue }
            let isPlainDirectory = status.st_mode & S_IFMT == S_IFDIR
            if isPlainDirectory, try MountPoint.device(at: child) == nil {
                try remove(child)
            } else if !isPlainDirectory {
                try DurableFile.remove(child)
            }
        }
        try Directory.remove(path)
    }
}
