import FoundationEssentials
import Glibc
import HostTools
import NFSClient
import NodeAPI
import NodeHarness
import StorageCore
import TestSupport
import Testing

@Suite("What a node survives", .tags(.integration), .requiresRoot, .requiresLoopDevices)
struct SurvivalTests {
    @Test("kill -9 of the daemon interrupts no client, and the next one takes the server over")
    func daemonKilled() async throws {
        try await withNode { node in
            _ = try await node.create("shop/data")
            let client = try await node.mount("shop/data")
            let file = try await client.open("/log", creating: true)
            let server = try #require(try node.serverProcess())
            for round in 0..<30 {
                if round == 10 { try await node.kill() }
                if round == 20 { try await node.start() }
                try await file.write(pattern(4096, seed: UInt64(round)), at: UInt64(round) * 4096)
                try await file.sync()
            }
            #expect(try node.serverProcess() == server)
            #expect(try await client.read("/log") == (0..<30).flatMap { pattern(4096, seed: $0) })
            await client.close()
        }
    }

    @Test("kill -9 in the middle of a snapshot lets the volume's writers go on at once, without the daemon")
    func daemonKilledWhileFrozen() async throws {
        try await withNode { node in
            _ = try await node.create("shop/data", size: .gibibytes(1), filesystem: .xfs)
            // Enough that a full copy takes a while.
            let client = try await node.mount("shop/data")
            let file = try await client.open("/bulk", creating: true)
            let bulk = pattern(1 << 20)
            for block in 0..<UInt64(256) { try await file.write(bulk, at: block << 20) }
            try await file.sync()
            let directory = node.daemon.directory
            let (daemon, key) = (node.daemon, try Sample.snapshot("shop/data@monday"))
            let taking = Task {
                try await daemon.call { (client) async throws(StorageError) in _ = try await client.createSnapshot(key)
                }
            }
            try await eventually(every: .milliseconds(2), "the copy begins") {
                let log = try String(contentsOfFile: "\(directory)/convert2nfs.log", encoding: .utf8)
                let names = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/images")
                return names.count > 3 || log.contains("take-snapshot done")
            }
            try await node.kill()
            try await file.write(pattern(4096), at: 0)
            try await file.sync()
            _ = await taking.result
            await client.close()
            try await node.start()
            let log = try String(contentsOfFile: node.daemon.logFile, encoding: .utf8)
            #expect(log.contains("snapshot.create of shop/data was left unfinished"), "the kill came in the middle")
            let leaks = try Leaks(of: node.daemon)
            #expect(leaks.files.count { $0.contains("@") } % 2 == 0, "a snapshot is whole or gone: \(leaks.files)")
        }
    }

    @Test("a dead NFS server is back within seconds with all exports, and an open v3 file goes on")
    func serverKilled() async throws {
        try await withNode { node in
            for name in ["one", "two"] { _ = try await node.create("shop/\(name)") }
            let client = try await node.mount("shop/one")
            let file = try await client.open("/file", creating: true)
            try await file.write(pattern(100), at: 0)
            let server = try #require(try node.serverProcess())
            _ = try ProcessIdentity.current(of: server)?.signal(9)
            try await file.write(pattern(100), at: 100)
            try await file.sync()
            #expect(try await client.read("/file") == pattern(100) + pattern(100))
            #expect(try node.serverProcess() != server)
            // Truncating waits for the grace period (NFS3ERR_JUKEBOX), which libnfs reports and a kernel's client waits
            // out.
            try await eventually { (try? await node.write(pattern(10), to: "/file", of: "shop/two")) != nil }
            await client.close()
        }
    }

    @Test("an rpcbind of ours that dies is back within seconds, with the server registered")
    func rpcbindKilled() async throws {
        try await withNode { node in
            let rpcbind = try #require(try node.process(named: "rpcbind"))
            _ = try ProcessIdentity.current(of: rpcbind)?.signal(9)
            try await eventually(within: .seconds(15)) {
                guard let now = try node.process(named: "rpcbind"), now != rpcbind else { return false }
                return FileManager.default.fileExists(atPath: "/run/rpcbind.sock")
            }
        }
    }

    @Test("after a reboot all volumes come back with their data, and clients' handles still hold")
    func reboot() async throws {
        try await withNode { node in
            for name in ["one", "two", "three"] { _ = try await node.create("shop/\(name)") }
            try await node.write(pattern(1000), to: "/file", of: "shop/two")
            let client = try await node.mount("shop/two")
            let handle = try await client.rootHandle()
            await client.close()
            // What a reboot leaves: no process, no mount, no loop device; images and the catalog.
            try await node.daemon.retire(node.process)
            #expect(try Leaks(of: node.daemon).mounts.isEmpty)
            #expect(try Leaks(of: node.daemon).loopDevices.isEmpty)
            // Something else takes the first device, so that numbers differ now.
            let image = "\(node.daemon.directory)/other.img"
            try SparseFile.create(image, size: 16 << 20)
            let devices = LoopDevices()
            let device = try devices.attach(image)

            try await node.start()
            #expect(try await node.volumes().allSatisfy { $0.phase == .ready && !$0.condition.abnormal })
            #expect(try await node.read("/file", of: "shop/two") == pattern(1000))
            let again = try await node.mount("shop/two")
            #expect(try await again.rootHandle() == handle)
            await again.close()
            if let backing = try devices.backing(of: device) { _ = try devices.detach(device, from: backing.file) }
        }
    }

    @Test("an unmounted volume is mounted and served again within seconds, and the log says so")
    func unmounted() async throws {
        try await withNode { node in
            let volume = try await node.create("shop/data")
            try await node.write(pattern(10), to: "/file", of: "shop/data")
            // The server holds what it serves, so only a lazy unmount gets this far.
            #expect(throws: HostError.self) { try Mounter.unmount(volume.nfs.path) }
            #expect(umount2(volume.nfs.path, Int32(MNT_DETACH)) == 0)
            try await eventually(within: .seconds(10)) {
                guard try MountPoint.device(at: volume.nfs.path) != nil else { return false }
                return (try? await node.read("/file", of: "shop/data")) == pattern(10)
            }
            let log = try String(contentsOfFile: node.daemon.logFile, encoding: .utf8)
            #expect(log.contains("\(volume.nfs.path) was not mounted"))
        }
    }

    @Test("what somebody else has mounted on a volume's path stays, and the volume is refused")
    func foreignMount() async throws {
        try await withNode { node in
            let path = "\(node.daemon.root)/shopdata"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            #expect(mount("tmpfs", path, "tmpfs", 0, "size=1m") == 0)
            try "theirs".write(toFile: "\(path)/file", atomically: false, encoding: .utf8)
            let error = await #expect(throws: StorageError.self) { _ = try await node.create("shop/data") }
            #expect(error?.code == .conflict)
            #expect(try String(contentsOfFile: "\(path)/file", encoding: .utf8) == "theirs")
            #expect(try await node.volumes().isEmpty)
            #expect(umount(path) == 0)
            _ = try await node.create("shop/data")
        }
    }

    @Test("a directory that is not empty stays as it is, and the volume is refused until it is moved away")
    func foreignDirectory() async throws {
        try await withNode { node in
            let path = "\(node.daemon.root)/shopdata"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try "theirs".write(toFile: "\(path)/file", atomically: false, encoding: .utf8)
            let error = await #expect(throws: StorageError.self) { _ = try await node.create("shop/data") }
            #expect(error?.code == .conflict)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o755)
            #expect(try String(contentsOfFile: "\(path)/file", encoding: .utf8) == "theirs")
            #expect(try await node.volumes().isEmpty)
            try FileManager.default.moveItem(atPath: path, toPath: "\(node.daemon.directory)/away")
            _ = try await node.create("shop/data")
        }
    }

    @Test("a second daemon on the same state is refused with a clear message")
    func secondDaemon() async throws {
        try await withNode { node in
            let refusal = await #expect(throws: HostError.self) {
                _ = try await node.daemon.run("convert2nfsd", ["run", "--config", node.daemon.configurationFile])
            }
            #expect("\(String(describing: refusal))".contains("another convert2nfsd works on"))
            let isReady = try await node.daemon.isReady()
            #expect(isReady, "the first goes on, its socket is still there")
        }
    }

    @Test("a full disk refuses a volume, leaves nothing of it, and harms nobody else")
    func diskFull() async throws {
        let pool = try SmallFilesystem(size: .mebibytes(200))
        defer { pool.remove() }
        var options = DaemonNode.Options()
        options.images = "\(pool.path)/images"
        options.overcommit = 100
        try await withNode(options) { node in
            _ = try await node.create("shop/one")
            try await node.write(pattern(100), to: "/file", of: "shop/one")
            try pool.fill()
            let before = try FileManager.default.contentsOfDirectory(atPath: node.daemon.images).sorted()
            let error = await #expect(throws: StorageError.self) { _ = try await node.create("shop/two") }
            #expect(error?.code == .outOfCapacity, "\(String(describing: error))")
            #expect(try FileManager.default.contentsOfDirectory(atPath: node.daemon.images).sorted() == before)
            #expect(try await node.read("/file", of: "shop/one") == pattern(100))
            #expect(try await node.volumes().map(\.name.value) == ["one"])
            try pool.unfill()
            _ = try await node.create("shop/two")
        }
    }

    @Test("capacity that was promised is there: a pool does not take more than it can hold")
    func promised() async throws {
        let pool = try SmallFilesystem(size: .mebibytes(300))
        defer { pool.remove() }
        var options = DaemonNode.Options()
        options.images = "\(pool.path)/images"
        try await withNode(options) { node in
            _ = try await node.create("shop/one", size: .mebibytes(128))
            let error = await #expect(throws: StorageError.self) {
                _ = try await node.create("shop/two", size: .mebibytes(256))
            }
            #expect(error?.code == .outOfCapacity)
            _ = try await node.create("shop/three", size: .mebibytes(64))
            let grow = await #expect(throws: StorageError.self) {
                _ = try await node.update("shop/one", UpdateVolumeRequest(capacity: .gibibytes(1)))
            }
            // Where ext4 cannot grow at all, that is said before the room is looked at.
            #expect(grow?.code == (FilesystemKind.ext4.isGrowable ? .outOfCapacity : .unavailable))
            let image = try FileFacts.of("\(node.daemon.images)/shop.one.img")
            #expect(image?.size == ByteCount.mebibytes(128).bytes)
            let volume = try await node.volume("shop/one")
            #expect(volume.capacityBytes == .mebibytes(128))
            #expect(volume.phase == .ready)
            #expect(volume.condition.abnormal == false)
        }
    }
}
