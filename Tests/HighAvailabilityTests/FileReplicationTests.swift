import FoundationEssentials
import Glibc
import HostTools
import Logging
import StorageCore
import TestSupport
import Testing

@testable import HighAvailability

@Suite(
    "Files are replicated from the node that serves to the other one", .tags(.integration), .requiresRoot,
    .requires(.rsync, .find))
struct FileReplicationTests {
    private func with(
        password: [String] = ["secret", "secret"],
        _ body: (FilePair, _ first: FileReplication, _ second: FileReplication) async throws -> Void
    ) async throws {
        let pair = try await FilePair(password: password)
        do {
            for replication in pair.replications {
                try await replication.start()
                try await replication.demote()
            }
            try await body(pair, pair.replications[0], pair.replications[1])
        } catch {
            try await pair.stop()
            throw error
        }
        try await pair.stop()
    }

    private func volume(_ name: String = "data") throws -> Volume {
        let spec = try VolumeSpec(
            key: try VolumeKey("shop", name), capacity: .gibibytes(1), pool: try PoolName("default"), filesystem: .xfs)
        var volume = Volume(
            creating: spec, id: VolumeID(), exportID: try #require(ExportID(1)), path: MountPath("/nfs/shop\(name)"),
            createdAt: Date())
        volume.phase = .ready
        return volume
    }

    /// The node serves from now on.
    private func serve(_ replication: FileReplication) async throws {
        try await replication.promote(Occasion())
        try await replication.lead()
    }

    /// The node serves no more, by whatever it ended.
    private func fall(_ replication: FileReplication) async throws { try await replication.demote() }

    /// A pair of which the first node serves one volume, and the second has copied it.
    private func withFollower(
        _ body: (FilePair, _ first: FileReplication, _ second: FileReplication) async throws -> Void
    ) async throws {
        try await with { pair, first, second in
            try await serve(first)
            try pair.nodes[0].ensure(try volume())
            try pair.nodes[0].write("one", to: "deep/file")
            // Older than what might be of the moment at which it is copied.
            let end = Date() + ChangedFiles.margin
            try await eventually("the clock stands still") { Date() > end }
            try await second.catchUp(asking: pair.ask(from: 1))
            try await body(pair, first, second)
        }
    }

    private struct Rig: ReplicationRig {
        let replication: FileReplication

        func serve() async throws {
            try await replication.promote(Occasion())
            try await replication.lead()
        }
    }

    @Test("a copy that followed keeps the contract of all replication", arguments: ReplicationConformance.allCases)
    func conformance(_ check: ReplicationConformance) async throws {
        try await withFollower { _, first, second in
            try await fall(first)
            try await check.check(Rig(replication: second))
        }
    }

    @Test(
        "the standby has what the other had, what was changed within one tick of the clock and what was removed, and says that it follows"
    )
    func copies() async throws {
        try await withFollower { pair, first, second in
            #expect(pair.nodes[1].read("deep/file") == "one")
            #expect(await second.look().data == .current(other: .followed))
            #expect(await first.look().data == .current(other: .outdated))
            // Of the same size, and, as a file may be that is changed again within the kernel's tick, of the same time.
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            let times = [now, now]
            utimensat(AT_FDCWD, pair.nodes[0].path("deep/file"), times, 0)
            try await second.catchUp(asking: pair.ask(from: 1))
            try pair.nodes[0].write("two", to: "deep/file")
            utimensat(AT_FDCWD, pair.nodes[0].path("deep/file"), times, 0)
            try pair.nodes[0].write("new", to: "other")
            try await second.catchUp(asking: pair.ask(from: 1))
            #expect(pair.nodes[1].read("deep/file") == "two" && pair.nodes[1].read("other") == "new")
            try FileManager.default.removeItem(atPath: pair.nodes[0].path("deep"))
            try await second.catchUp(asking: pair.ask(from: 1))
            #expect(pair.nodes[1].read("deep/file") == nil && pair.nodes[1].read("other") == "new")
            #expect(await first.copies.map(\.volume) == [try VolumeKey("shop", "data")])
        }
    }

    @Test("what was written on a node and lost to clients is kept, and the newer files of the other are what counts")
    func keepsWhatWasLost() async throws {
        try await withFollower { pair, first, second in
            try pair.nodes[0].write("lost", to: "deep/lost")
            try pair.nodes[0].write("older", to: "both")
            // The first loses its power; the second serves what it has.
            try await serve(second)
            // Two machines' clocks would not be the same to the nanosecond.
            let end = Date() + ChangedFiles.margin
            try await eventually("the clock stands still") { Date() > end }
            try pair.nodes[1].write("newer", to: "both")
            try pair.nodes[1].write("second", to: "second")
            try await fall(first)
            try await first.catchUp(asking: pair.ask(from: 0))
            #expect(pair.nodes[0].read("both") == "newer" && pair.nodes[0].read("second") == "second")
            #expect(pair.nodes[0].read("deep/lost") == nil && pair.nodes[0].read("deep/file") == "one")
            #expect(try pair.nodes[0].kept() == ["deep/lost": "lost", "both": "older"])
            // And back again: it stays where it was kept, and is nobody else's.
            try await fall(second)
            try await first.catchUp(asking: pair.ask(from: 0))
            try await second.yield()
            try await serve(first)
            try await second.catchUp(asking: pair.ask(from: 1))
            #expect(try pair.nodes[0].kept().count == 2 && pair.nodes[1].kept().isEmpty)
            #expect(pair.nodes[1].read("both") == "newer")
        }
    }

    @Test(
        "of two nodes that both wrote, one after the other, the one whose data is given up serves no more, and keeps what it wrote when it follows"
    )
    func givesUp() async throws {
        try await withFollower { pair, first, second in
            try pair.nodes[0].write("lost", to: "lost")
            try await serve(second)
            try pair.nodes[1].write("newer", to: "newer")
            try await fall(second)
            await #expect(throws: StorageError.self) { try await first.discard() }
            try await fall(first)
            try await first.discard()
            try await first.discard()
            guard case .outdated = await first.look().data else {
                Issue.record("it is \(await first.look().data)")
                return
            }
            await #expect(throws: StorageError.self) { try await first.promote(Occasion()) }
            #expect(await second.look().data == .current(other: .outdated))
            try await second.promote(Occasion())
            try await first.demote()
            try await first.catchUp(asking: pair.ask(from: 0))
            #expect(await first.look().data == .current(other: .followed))
            #expect(pair.nodes[0].read("newer") == "newer" && pair.nodes[0].read("lost") == nil)
            #expect(try pair.nodes[0].kept() == ["lost": "lost"])
        }
    }

    @Test("of a volume that was never copied, and of one that nothing is remembered of, everything is kept")
    func keepsAll() async throws {
        try await withFollower { pair, first, second in
            try pair.nodes[0].ensure(try volume("more"))
            try await second.mirror(asking: pair.ask(from: 1))
            try Data("lost".utf8).write(to: URL(filePath: "\(pair.nodes[0].root)/shopmore/file"))
            try await serve(second)
            try await fall(first)
            try await first.catchUp(asking: pair.ask(from: 0))
            let kept = try Directory.names(in: "\(pair.nodes[0].root)/shopmore/\(RsyncSettings.kept)") ?? []
            #expect(kept.count == 1 && pair.nodes[0].read("deep/file") == "one")
            #expect(try pair.nodes[0].kept().isEmpty)
            #expect(try Directory.names(in: "\(pair.nodes[0].root)/shopmore") == [RsyncSettings.kept])
        }
    }

    /// What a client may have made in its volume where files are to be kept.
    @Test("nothing is kept, and nothing copied over it, where a client has put a link", arguments: ["..", "/tmp"])
    func planted(target: String) async throws {
        try await withFollower { pair, first, second in
            try pair.nodes[0].write("lost", to: "lost")
            try FileManager.default.createSymbolicLink(
                atPath: pair.nodes[0].path(RsyncSettings.kept), withDestinationPath: target)
            try await serve(second)
            try await fall(first)
            await #expect(throws: StorageError.self) { try await first.catchUp(asking: pair.ask(from: 0)) }
            try await first.outdate()
            await #expect(throws: StorageError.self) { try await first.catchUp(asking: pair.ask(from: 0)) }
            #expect(pair.nodes[0].read("lost") == "lost")
        }
    }

    @Test("what was written on a node is kept, too, when its volume could not be made as the other's at first")
    func keepsAfterRefusal() async throws {
        try await withFollower { pair, first, second in
            try pair.nodes[0].write("lost", to: "lost")
            try await serve(second)
            try await fall(first)
            pair.nodes[0].refuses.withLock { $0 = true }
            await #expect(throws: StorageError.self) { try await first.catchUp(asking: pair.ask(from: 0)) }
            pair.nodes[0].refuses.withLock { $0 = false }
            try await first.catchUp(asking: pair.ask(from: 0))
            #expect(try pair.nodes[0].kept() == ["lost": "lost"] && pair.nodes[0].read("lost") == nil)
        }
    }

    @Test("a volume that both had and one has no more is deleted; one that the other never had stays, and is told of")
    func deletions() async throws {
        try await withFollower { pair, first, second in
            let unknown = try volume("unknown")
            try pair.nodes[0].ensure(unknown)
            try await serve(second)
            for volume in try pair.nodes[1].list() { try pair.nodes[1].remove(volume) }
            try await fall(first)
            await first.follow(asking: pair.ask(from: 0))
            #expect(pair.nodes[0].removed.withLock { $0 } == [try VolumeKey("shop", "data")])
            #expect(try pair.nodes[0].list().map(\.key) == [unknown.key])
            let told = await first.copies.filter { $0.problem?.contains("copy what you need of it") == true }
            #expect(told.map(\.volume) == [unknown.key])
            // What is on neither node keeps nobody from serving.
            #expect(await first.look().data == .current(other: .followed))
        }
    }

    @Test("a new volume is there at once, and so is a copy of what was there before it: nothing")
    func mirrors() async throws {
        try await withFollower { pair, _, second in
            try pair.nodes[0].ensure(try volume("more"))
            try await second.mirror(asking: pair.ask(from: 1))
            #expect(try pair.nodes[1].list().count == 2)
            #expect(await second.look().data == .current(other: .followed))
        }
    }

    /// Why a standby does not count as one that could serve.
    enum Lack: CaseIterable { case behind, missingVolume, outdated }

    @Test("a node that lacks too much does not serve, unless it is forced", arguments: Lack.allCases)
    func lacks(_ lack: Lack) async throws {
        try await withFollower { pair, _, second in
            let node = pair.nodes[1]
            switch lack {
            case .behind:
                pair.clock.seconds.withLock { $0 = 200 }
                // The other one is heard, and gives nothing.
                await second.hear()
                await second.follow { _, _ async throws(StorageError) in
                    throw StorageError(.unavailable, "the replication's link is cut")
                }
            case .missingVolume:
                node.refuses.withLock { $0 = true }
                try? await second.mirror(asking: pair.ask(from: 1))
            case .outdated: try await second.outdate()
            }
            guard case .outdated = await second.look().data else {
                Issue.record("it is \(await second.look().data)")
                return
            }
            await #expect(throws: StorageError.self) { try await second.promote(Occasion()) }
            try await second.promote(Occasion(isForced: true))
        }
    }

    @Test("what is being copied ends when the node is to serve, and nothing is copied to one that does")
    func ends() async throws {
        try await withFollower { pair, first, second in
            try await serve(second)
            #expect(pair.nodes[1].isUp.withLock { $0 } == false)
            await #expect(throws: StorageError.self) { try await second.catchUp(asking: pair.ask(from: 1)) }
            #expect(pair.nodes[1].read("deep/file") == "one")
            _ = first
        }
    }

    @Test("a node that does not know the pair's secret gets nothing, and loses nothing")
    func strangers() async throws {
        try await with(password: ["secret", "guessed"]) { pair, first, second in
            try await serve(first)
            let volume = try volume()
            try pair.nodes[0].ensure(volume)
            try pair.nodes[1].ensure(volume)
            try pair.nodes[1].write("own", to: "own")
            let error = await #expect(throws: StorageError.self) {
                try await second.catchUp(asking: pair.ask(from: 1))
            }
            #expect(error?.message.contains("auth failed") == true, "\(String(describing: error))")
            #expect(pair.nodes[1].read("own") == "own")
        }
    }
}
