import Foundation
import Glibc
import HostTools
import StorageCore
import TestSupport

/// A filesystem of a few megabytes, mounted, that a test may fill to the last byte.
final class SmallFilesystem {
    let path: String
    private let directory: TemporaryDirectory
    private let devices = LoopDevices()
    private let device: LoopDevice

    init(size: ByteCount) throws {
        directory = try TemporaryDirectory()
        path = "\(directory.path)/small"
        let image = "\(directory.path)/image"
        try SparseFile.create(image, size: size.bytes)
        try Directory.ensure(path, mode: 0o755)
        device = try devices.attach(image)
        let tool = try ToolLocator.ofThisProcess.locate([.mkfsExt4]).require(.mkfsExt4)
        try Self.format(tool, device.path)
        try mount()
    }

    func mount() throws { try Mounter.mount(device.path, at: path, filesystem: "ext4", data: "") }

    func unmount() throws { try Mounter.unmount(path) }

    /// Takes all the room there is, also if it did before.
    func fill() throws {
        let descriptor = open("\(path)/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        for size in [1 << 20, 4096, 1] {
            let block = [UInt8](repeating: 0x5A, count: size)
            while write(descriptor, block, size) == size {}
        }
        fsync(descriptor)
    }

    func unfill() throws { try FileManager.default.removeItem(atPath: "\(path)/filler") }

    func remove() {
        try? Mounter.unmount(path)
        if let backing = try? devices.backing(of: device) { _ = try? devices.detach(device, from: backing.file) }
    }

    private static func format(_ tool: Tool, _ device: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: tool.path)
        process.arguments = ["-q", "-F", "-m", "0", device]
        try process.run()
        process.waitUntilExit()
    }
}
