import Glibc
import HostTools
import TestSupport
import Testing

@Suite("Loop devices", .tags(.integration), .requiresRoot, .requiresLoopDevices)
struct LoopDeviceTests {
    private let devices = LoopDevices()

    @Test("a file is attached, found by what it is and not by its name, and detached")
    func attaches() async throws {
        try await withScratchDirectory { directory in
            let image = "\(directory)/image"
            try SparseFile.create(image, size: 8 << 20)
            let device = try devices.attach(image)
            let id = try #require(try FileFacts.of(image)).id
            rename(image, "\(directory)/other")
            #expect(try devices.backing(of: device)?.file == id)
            #expect(try devices.all()[device]?.file == id)
            #expect(try devices.detach(device, from: id))
            #expect(try !devices.detach(device, from: id))
            #expect(try devices.all()[device]?.file != id)
        }
    }

    @Test("a device of another file is left alone")
    func sparesOthers() async throws {
        try await withScratchDirectory { directory in
            try SparseFile.create("\(directory)/a", size: 1 << 20)
            try SparseFile.create("\(directory)/b", size: 1 << 20)
            let device = try devices.attach("\(directory)/a")
            let a = try #require(try FileFacts.of("\(directory)/a")).id
            let b = try #require(try FileFacts.of("\(directory)/b")).id
            #expect(try !devices.detach(device, from: b))
            #expect(try devices.backing(of: device)?.file == a)
            #expect(try devices.detach(device, from: a))
        }
    }

    @Test("a device grows with its file")
    func grows() async throws {
        try await withScratchDirectory { directory in
            let image = "\(directory)/image"
            try SparseFile.create(image, size: 8 << 20)
            let device = try devices.attach(image)
            let id = try #require(try FileFacts.of(image)).id
            try SparseFile.resize(image, to: 16 << 20)
            try devices.refreshCapacity(of: device)
            let sectors = try DurableFile.read("/sys/block/loop\(device.number)/size", limit: 64) ?? []
            #expect(String(decoding: sectors, as: UTF8.self) == "\((16 << 20) / 512)\n")
            #expect(try devices.detach(device, from: id))
        }
    }

    @Test("many devices attached at once are all different")
    func attachesConcurrently() async throws {
        try await withScratchDirectory { directory in
            let work = BlockingWork(label: "test")
            let attached = try await withThrowingTaskGroup(of: (LoopDevice, FileID).self) { group in
                for number in 0..<16 {
                    group.addTask {
                        try await work.run("attach") { _ throws(HostError) in
                            let image = "\(directory)/\(number)"
                            try SparseFile.create(image, size: 1 << 20)
                            // A second door of its own, as another program would be.
                            let device = try LoopDevices().attach(image)
                            guard let facts = try FileFacts.of(image) else { throw HostError.cancelled }
                            return (device, facts.id)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(attached.map(\.0)).count == 16)
            for (device, file) in attached { #expect(try devices.detach(device, from: file)) }
        }
    }
}
