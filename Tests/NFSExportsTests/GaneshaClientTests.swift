import Foundation
import NFSClient
import NFSExports
import StorageCore
import TestSupport
import Testing

/// What clients see of exports that are added, changed and withdrawn.
extension GaneshaTests.Clients {
    typealias Version = NFSConnection.Version

    @Test("a client writes, lists, renames, reads back and removes", arguments: Version.allCases)
    func roundTrip(_ version: Version) async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            let client = try await node.client(export.path, version)
            let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
            try await client.makeDirectory("/dir")
            try await client.write(content, to: "/dir/a")
            try await client.rename("/dir/a", to: "/dir/b")
            #expect(try await client.list("/dir") == ["b"])
            #expect(try await client.status(of: "/dir/b").size == 3_000_000)
            let other = try await node.client(export.path, version)
            #expect(try await other.read("/dir/b") == content)
            let usage = try await other.usage()
            #expect(usage.total < 64 << 20 && usage.available < usage.total - 3_000_000)
            try await other.removeTree("/dir")
            await #expect { try await client.status(of: "/dir") } throws: { ($0 as? NFSError)?.code == ENOENT }
            await client.close()
            await other.close()
        }
    }

    @Test("a client that is not named is refused", arguments: Version.allCases)
    func refused(_ version: Version) async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1, ["10.9.9.9": .readWrite])
            _ = try await node.exporter.serve([export])
            // An NFSv4 server shows no path that leads to nothing the client may see.
            await #expect {
                try await node.client(export.path, version)
            } throws: { error in
                guard let error = error as? NFSError else { return false }
                return error.isDenied || (version == .v4 && error.code == ENOENT)
            }
        }
    }

    @Test("a client that is no longer named cannot write on, one that is added can", arguments: Version.allCases)
    func removedClient(_ version: Version) async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            let client = try await node.client(export.path, version, deadline: .seconds(3))
            let file = try await client.open("/file", creating: true)
            try await file.write([1, 2, 3], at: 0)
            try await file.sync()
            _ = try await node.exporter.ensure(node.export(1, ["10.9.9.9": .readWrite]))
            await #expect(throws: NFSError.self) { try await file.write([4], at: 3) }
            _ = try await node.exporter.ensure(export)
            let again = try await node.client(export.path, version)
            #expect(try await again.read("/file") == [1, 2, 3])
            await again.close()
        }
    }

    @Test("a client that becomes read-only reads and cannot write", arguments: Version.allCases)
    func readOnly(_ version: Version) async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            let client = try await node.client(export.path, version)
            try await client.write([7], to: "/file")
            _ = try await node.exporter.ensure(node.export(1, ["127.0.0.1": .readOnly]))
            #expect(try await client.read("/file") == [7])
            await #expect {
                try await client.write([8], to: "/file")
            } throws: { [EROFS, EACCES].contains(($0 as? NFSError)?.code) }
            await client.close()
        }
    }

    @Test("the narrowest rule that names a client decides, in whatever order the rules are")
    func narrowestRule() async throws {
        try await GaneshaNode.with { node in
            let open = try await node.export(1, ["127.0.0.0/8": .readOnly, "127.0.0.1": .readWrite])
            let shut = try await node.export(2, ["127.0.0.0/8": .readWrite, "127.0.0.1": .readOnly])
            _ = try await node.exporter.serve([open, shut])
            let writer = try await node.client(open.path)
            try await writer.write([1], to: "/file")
            let reader = try await node.client(shut.path)
            await #expect(throws: NFSError.self) { try await reader.write([1], to: "/file") }
        }
    }

    /// Who owns a new file, by squash and by the user who makes it; 65534 is nobody.
    @Test(
        "squash decides who a user is on the volume",
        arguments: [
            (Squash.none, 0, 0), (.none, 1000, 1000), (.root, 0, 65534), (.root, 1000, 1000), (.all, 0, 65534),
            (.all, 1000, 65534),
        ] as [(Squash, Int32, UInt32)])
    func squash(_ squash: Squash, _ user: Int32, _ owner: UInt32) async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1, squash: squash)
            _ = try await node.exporter.serve([export])
            let client = try await node.client(export.path, user: user)
            try await client.write([1], to: "/file")
            #expect(try await client.status(of: "/file").user == owner)
            #expect(try await client.status(of: "/file").group == owner)
        }
    }

    @Test("a full volume answers that it is full, and the volume beside it goes on", arguments: Version.allCases)
    func full(_ version: Version) async throws {
        try await GaneshaNode.with { node in
            let small = try await node.export(1)
            let other = try await node.export(2)
            _ = try await node.exporter.serve([small, other])
            let client = try await node.client(small.path, version)
            let block = [UInt8](repeating: 0xA5, count: 96 << 20)
            await #expect {
                try await client.write(block, to: "/big")
            } throws: { ($0 as? NFSError)?.isOutOfSpace == true }
            let neighbour = try await node.client(other.path, version)
            try await neighbour.write(Array(block.prefix(1 << 20)), to: "/small")
            try await client.remove("/big")
            try await client.write([1], to: "/small")
            await client.close()
            await neighbour.close()
        }
    }

    @Test("a volume is withdrawn and unmounted while a client holds a file open", arguments: Version.allCases)
    func withdrawn(_ version: Version) async throws {
        try await GaneshaNode.with { node in
            let export = try await node.export(1)
            _ = try await node.exporter.serve([export])
            let client = try await node.client(export.path, version, deadline: .seconds(3))
            let file = try await client.open("/held", creating: true)
            try await file.write([UInt8](repeating: 1, count: 1 << 20), at: 0)
            #expect(try await node.exporter.withdraw(export) == .changed)
            try await node.removeVolume(1)
            await #expect {
                try await file.write([2], at: 0)
            } throws: { error in
                // libnfs 4.0 has no errno for some of NFSv4's states and answers EIO or ERANGE for them.
                guard let error = error as? NFSError else { return false }
                return error.isStale || version == .v4
            }
        }
    }

    @Test("a volume is withdrawn and unmounted in the middle of a client's writes, time after time")
    func withdrawnUnderLoad() async throws {
        try await GaneshaNode.with { node in
            _ = try await node.exporter.serve([])
            for _ in 1...15 {
                let export = try await node.export(1)
                _ = try await node.exporter.ensure(export)
                let client = try await node.client(export.path, deadline: .seconds(3))
                try await client.write([1], to: "/first")
                let writing = Task {
                    for number in 0..<1000 {
                        try await client.write([UInt8](repeating: 1, count: 100_000), to: "/\(number % 40)")
                    }
                }
                let other = try await node.client(export.path)
                while try await other.list("/").count < 5 { await Task.yield() }
                _ = try await node.exporter.withdraw(export)
                try await node.removeVolume(1)
                await #expect(throws: NFSError.self) { try await writing.value }
            }
        }
    }

    @Test("of two volumes in turn on one loop device, each has its own UUID in its file handles")
    func reusedDevice() async throws {
        try await GaneshaNode.with { node in
            var devices: Set<String> = []
            for number: UInt16 in 1...3 {
                let export = try await node.export(number)
                if number == 1 { _ = try await node.exporter.serve([]) }
                _ = try await node.exporter.ensure(export)
                let volume = try await node.volume(number)
                devices.insert(volume.device.path)
                let client = try await node.client(export.path)
                let handle = try await client.rootHandle()
                let uuid = withUnsafeBytes(of: volume.uuid.uuid.uuid) { Array($0) }
                #expect(handle.contains(uuid), "the handle \(handle) does not hold \(uuid)")
                await client.close()
                _ = try await node.exporter.withdraw(export)
                try await node.removeVolume(number)
            }
            // Else this test proves nothing; another program may have taken the device in between.
            withKnownIssue("the loop device was not reused", isIntermittent: true) { #expect(devices.count < 3) }
        }
    }
}
