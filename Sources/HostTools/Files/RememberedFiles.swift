import Glibc
import Synchronization

/// What was made of small files, for as long as they stay as they are: to ask a file whether it has changed costs a
/// fraction of reading it. Any thread may use it; calls block shortly.
package final class RememberedFiles<Content: Sendable>: Sendable {
    private struct Entry {
        let facts: FileFacts
        let content: Content
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let parse: @Sendable (String) -> Content
    private let settling: Duration

    /// A file that was changed less than `settling` ago is read each time: another change within one tick of the clock by
    /// which files are stamped need not show.
    package init(settling: Duration = .seconds(1), parse: @escaping @Sendable (String) -> Content) {
        self.parse = parse
        self.settling = settling
    }

    /// What the file holds now; nil if there is none.
    package func content(of path: String, limit: Int = 64 << 20) throws(HostError) -> Content? {
        guard let facts = try FileFacts.of(path) else {
            entries.withLock { $0[path] = nil }
            return nil
        }
        if let known = entries.withLock({ $0[path] }), known.facts == facts { return known.content }
        // One that is changed while it is read has other facts at the next look.
        guard let bytes = try DurableFile.read(path, limit: limit) else { return nil }
        let content = parse(String(decoding: bytes, as: UTF8.self))
        // Of a link it is the link's facts.
        let isSettled = facts.isRegular && Self.now - .nanoseconds(facts.changedAt) >= settling
        entries.withLock { $0[path] = isSettled ? Entry(facts: facts, content: content) : nil }
        return content
    }

    /// Forgets all files but these.
    package func keep(only paths: Set<String>) {
        entries.withLock { $0 = $0.filter { paths.contains($0.key) } }
    }

    /// Since 1970.
    private static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
