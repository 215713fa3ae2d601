import Dispatch
import Glibc

/// How large images are, by their identifiers: to ask the cluster for each of them at every create would cost more the more there are.
/// Safe to be called from any thread.
final class ImageSizes: @unchecked Sendable {
    private struct Known {
        let size: Int64
        let second: Int
    }

    private let lock = DispatchSemaphore(value: 1)
    private var known: [String: Known] = [:]
    /// In seconds: for so long what was read of another's image counts.
    private static let age = 60

    func size(of id: String) -> Int64? {
        lock.wait()
        defer { lock.signal() }
        guard let found = known[id], time(nil) - found.second < Self.age else { return nil }
        return found.size
    }

    func note(_ id: String, _ size: Int64) {
        lock.wait()
        defer { lock.signal() }
        known[id] = Known(size: size, second: time(nil))
    }

    /// Forgets all but these.
    func keep(_ ids: Set<String>) {
        lock.wait()
        defer { lock.signal() }
        known = known.filter { ids.contains($0.key) }
    }
}
