import Glibc
import Synchronization

/// Takes a lock and gives it back, again and again, on a thread of its own: a server that has just started makes whoever wants a new lock
/// wait until all could have taken theirs again, and nothing else.
final class Locker: Sendable {
    private let path: String
    private let state = Mutex(State())

    private struct State {
        var isToEnd = false
        var faults: [String] = []
        var thread: pthread_t?
    }

    init(_ path: String) { self.path = path }

    func start() {
        let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            if let argument { Unmanaged<Locker>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }
        var thread = pthread_t()
        let isStarted = pthread_create(&thread, nil, body, Unmanaged.passRetained(self).toOpaque()) == 0
        state.withLock { $0.thread = isStarted ? thread : nil }
    }

    /// What failed, as `call:errno`; how often it had the lock does not show, but that it had it at all.
    func stop() -> [String] {
        let thread = state.withLock { state in
            state.isToEnd = true
            return state.thread
        }
        guard let thread else { return ["thread:\(errno)"] }
        pthread_join(thread, nil)
        return state.withLock { $0.faults }
    }

    private func run() {
        let file = open(path, O_RDWR | O_CREAT, 0o644)
        guard file >= 0 else { return fail("open") }
        defer { close(file) }
        repeat {
            set(F_WRLCK, "lock", file)
            set(F_UNLCK, "unlock", file)
            usleep(200_000)
        } while !state.withLock { $0.isToEnd }
    }

    private func set(_ kind: Int32, _ name: String, _ file: Int32) {
        var lock = flock(l_type: Int16(kind), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
        if fcntl(file, F_SETLK, &lock) != 0 { fail(name) }
    }

    private func fail(_ call: String) {
        let fault = "second-\(call):\(errno)"
        state.withLock { $0.faults.append(fault) }
    }
}
