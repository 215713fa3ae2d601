import Glibc

/// A value that threads share, and a way to wait until it has become what one waits for (pthread_cond_timedwait(3)).
/// Instants are on CLOCK_MONOTONIC, which nobody sets.
final class Monitor<State>: @unchecked Sendable {
    /// What one who waits makes of the value that is there now.
    enum Step<Answer> {
        case done(Answer)
        /// Look again when the value was changed, or at this instant.
        case wait(until: MonotonicInstant?)
    }

    // On the heap: neither may move while a thread is at it.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func withLock<Answer>(_ body: (inout State) -> Answer) -> Answer {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Tells one who waits that the value was changed.
    func signal() { pthread_cond_signal(condition) }

    /// Blocks until `step` is done. It is called with the lock held, again for every signal and when its instant has
    /// come, and now and then for nothing.
    func wait<Answer>(_ step: (inout State) -> Step<Answer>) -> Answer {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            switch step(&state) {
            case .done(let answer): return answer
            case .wait(until: nil): pthread_cond_wait(condition, mutex)
            case .wait(until: let instant?):
                var time = instant.time
                pthread_cond_timedwait(condition, mutex, &time)
            }
        }
    }
}

/// Nanoseconds on CLOCK_MONOTONIC.
struct MonotonicInstant: Comparable {
    private let nanoseconds: Int

    static var now: MonotonicInstant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: time.tv_sec * 1_000_000_000 + time.tv_nsec)
    }

    static func + (instant: Self, duration: Duration) -> Self {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return Self(nanoseconds: overflow ? .max : sum)
    }

    static func < (one: Self, other: Self) -> Bool { one.nanoseconds < other.nanoseconds }

    var time: timespec {
        timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    }
}

extension Duration {
    /// Rounded down, and held below what fits (292 years).
    fileprivate var wholeNanoseconds: Int {
        let (seconds, attoseconds) = components
        let (product, overflow) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : product + Int(attoseconds / 1_000_000_000)
    }
}
