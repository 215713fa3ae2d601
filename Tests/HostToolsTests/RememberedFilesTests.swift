import HostTools
import Synchronization
import TestSupport
import Testing

@Suite("Files that are read once", .tags(.integration))
struct RememberedFilesTests {
    /// Which contents were parsed, in their order.
    private final class Reads: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func note(_ text: String) -> String {
            texts.withLock { $0.append(text) }
            return text
        }
    }

    private static func write(_ text: String, _ path: String) throws {
        try DurableFile.write(Array(text.utf8), to: path)
    }

    @Test("a file that stays as it is is read once; one that is replaced, removed or not to be kept is read anew")
    func remembers() async throws {
        try await withScratchDirectory { directory in
            let path = "\(directory)/f"
            let reads = Reads()
            let files = RememberedFiles(settling: .zero) { reads.note($0) }
            #expect(try files.content(of: path) == nil)
            try Self.write("one", path)
            for _ in 1...3 { #expect(try files.content(of: path) == "one") }
            try Self.write("two", path)
            #expect(try files.content(of: path) == "two")
            try DurableFile.remove(path)
            #expect(try files.content(of: path) == nil)
            try Self.write("six", path)
            for _ in 1...2 { #expect(try files.content(of: path) == "six") }
            files.keep(only: [])
            #expect(try files.content(of: path) == "six")
            #expect(reads.all == ["one", "two", "six", "six"])
        }
    }

    @Test("a file that was changed a moment ago is read each time, for its next change need not show")
    func settles() async throws {
        try await withScratchDirectory { directory in
            let path = "\(directory)/f"
            try Self.write("new", path)
            let reads = Reads()
            let files = RememberedFiles(settling: .seconds(3600)) { reads.note($0) }
            for _ in 1...2 { #expect(try files.content(of: path) == "new") }
            #expect(reads.all == ["new", "new"])
        }
    }
}
