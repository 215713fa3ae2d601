import FoundationEssentials
import Glibc
import HostTools
import TestSupport
import Testing

@Suite("Durable and sparse files", .tags(.integration))
struct FileTests {
    @Test("a file is written over whole, with its mode, and nothing is left beside it")
    func writesWhole() async throws {
        try await withScratchDirectory { directory in
            let path = "\(directory)/f"
            try DurableFile.write(Array("first, longer".utf8), to: path, mode: 0o644)
            try DurableFile.write(Array("second".utf8), to: path, mode: 0o600)
            #expect(try DurableFile.read(path, limit: 6) == Array("second".utf8))
            var status = stat()
            stat(path, &status)
            #expect(status.st_mode & 0o7777 == 0o600)
            #expect(try Directory.names(in: directory) == ["f"])
        }
    }

    @Test("a transient file is written over whole and removed; without its directory it is ENOENT")
    func transient() async throws {
        try await withScratchDirectory { directory in
            let path = "\(directory)/f"
            try TransientFile.write(Array("first, longer".utf8), to: path)
            try TransientFile.write(Array("second".utf8), to: path)
            #expect(try DurableFile.read(path, limit: 6) == Array("second".utf8))
            #expect(try TransientFile.remove(path))
            #expect(try !TransientFile.remove(path))
            let error = #expect(throws: HostError.self) {
                try TransientFile.write([1], to: "\(directory)/absent/f")
            }
            #expect(error?.errorNumber == ENOENT)
        }
    }

    @Test(
        "a byte anywhere in the margins of a device is found, one between them is not looked for",
        arguments: [
            (0, false), (4095, false), (524_287, false), (524_288, false), (1_310_719, false), (1_310_720, true),
            (3_145_727, true), (3_145_728, false), (4_194_303, false),
        ])
    func margins(_ offset: Int, _ isBlank: Bool) async throws {
        try await withScratchDirectory { directory in
            let path = "\(directory)/device"
            try SparseFile.create(path, size: 4 << 20)
            #expect(try DeviceContent.hasBlankMargins(path, head: 1_310_720, tail: 1 << 20))
            let file = open(path, O_WRONLY)
            #expect(pwrite(file, [1], 1, off_t(offset)) == 1)
            close(file)
            #expect(try DeviceContent.hasBlankMargins(path, head: 1_310_720, tail: 1 << 20) == isBlank)
        }
    }

    @Test("reading is bounded, and an absent file is nil")
    func readsBounded() async throws {
        try await withScratchDirectory { directory in
            try DurableFile.write([1, 2, 3], to: "\(directory)/f")
            #expect(throws: HostError.self) { try DurableFile.read("\(directory)/f", limit: 2) }
            #expect(try DurableFile.read("\(directory)/absent", limit: 2) == nil)
        }
    }

    @Test("removing says whether there was something")
    func removes() async throws {
        try await withScratchDirectory { directory in
            try DurableFile.write([], to: "\(directory)/f")
            #expect(try DurableFile.remove("\(directory)/f"))
            #expect(try !DurableFile.remove("\(directory)/f"))
        }
    }

    @Test("on a read-only filesystem what is not there is removed, and what is there is not", .requiresRoot)
    func removesReadOnly() async throws {
        try await withScratchDirectory { directory in
            try Mounter.mount("tmpfs", at: directory, filesystem: "tmpfs", data: "")
            defer { try? Mounter.unmount(directory) }
            try DurableFile.write([1], to: "\(directory)/f")
            let flags = UInt(MS_REMOUNT) | UInt(MS_RDONLY)
            #expect(mount("tmpfs", directory, "tmpfs", flags, nil) == 0)
            #expect(try !DurableFile.remove("\(directory)/absent"))
            let error = #expect(throws: HostError.self) { try DurableFile.remove("\(directory)/f") }
            #expect(error?.errorNumber == EROFS)
        }
    }

    @Test("a directory is made with its parents, and mode 0000 where asked")
    func makesDirectories() async throws {
        try await withScratchDirectory { directory in
            let path = "\(directory)/a/b/c"
            let outcomes = [try Directory.ensure(path, mode: 0), try Directory.ensure(path, mode: 0)]
            #expect(outcomes == [true, false])
            var status = stat()
            stat(path, &status)
            #expect(status.st_mode & 0o7777 == 0)
            stat("\(directory)/a/b", &status)
            #expect(status.st_mode & 0o7777 == 0o755)
            let removals = [try Directory.remove(path), try Directory.remove(path)]
            #expect(removals == [true, false])
        }
    }

    @Test("a sparse copy is equal, keeps its holes, and tells its progress")
    func copiesSparsely() async throws {
        try await withScratchDirectory { directory in
            let source = "\(directory)/source"
            try SparseFile.create(source, size: 64 << 20)
            try write("head", at: 0, of: source)
            try write("middle", at: 40 << 20, of: source)
            var told: [Int64] = []
            var total: Int64 = 0
            try SparseFile.copy(source, to: "\(directory)/target", token: CancellationToken()) {
                told.append($0)
                total = $1
            }
            #expect(try content(of: source) == content(of: "\(directory)/target"))
            let facts = try #require(try FileFacts.of("\(directory)/target"))
            #expect(facts.size == 64 << 20)
            #expect(facts.allocated <= 1 << 20)
            #expect(told == told.sorted() && (told.last ?? 0) >= 10 && told.last == total)
        }
    }

    @Test("a cancelled copy, and one that runs into a file that exists, leave nothing behind")
    func copyCleansUp() async throws {
        try await withScratchDirectory { directory in
            let source = "\(directory)/source"
            try SparseFile.create(source, size: 1 << 20)
            try write("x", at: 0, of: source)
            let token = CancellationToken()
            token.cancel()
            #expect(throws: HostError.cancelled) { try SparseFile.copy(source, to: "\(directory)/t", token: token) }
            #expect(try Directory.names(in: directory) == ["source"])
            #expect(throws: HostError.self) { try SparseFile.copy(source, to: source, token: CancellationToken()) }
            #expect(try FileFacts.of(source)?.size == 1 << 20)
        }
    }

    @Test("probing for reflinks leaves nothing behind")
    func probesClones() async throws {
        try await withScratchDirectory { directory in
            _ = try SparseFile.canClone(in: directory)
            #expect(try Directory.names(in: directory) == [])
        }
    }

    @Test("freezing refuses a directory that is no mount point", .requiresRoot)
    func refusesToFreezeTheHost() async throws {
        try await withScratchDirectory { directory in
            #expect(throws: HostError.self) { try FilesystemControl.freeze(directory) }
            let thawed = try FilesystemControl.thaw(directory)
            #expect(!thawed)
        }
    }

    private func write(_ text: String, at offset: UInt64, of path: String) throws {
        let handle = try #require(fopen(path, "r+"))
        defer { fclose(handle) }
        fseek(handle, Int(offset), SEEK_SET)
        fputs(text, handle)
    }

    private func content(of path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
}
