import CHostShims
import Glibc

/// Threads of the operating system.
enum NativeThread {
    /// Of address space; memory is used only as it is touched. What runs on these threads is shallow: libnfs, libdbus
    /// and getaddrinfo(3) need some tens of KiB, and so do an actor's jobs. The rest is for builds without optimisation,
    /// and it is an eighth of what a thread has of its own accord.
    private static let stackSize = 1 << 20

    /// Runs `body` on a new thread, which ends with it. It takes none of the signals that are sent to the process:
    /// they would only interrupt its system calls. Answers the errno of pthread_create(3), 0 if there is a thread.
    static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // A thread begins with the mask of the one that makes it.
        var blocked = sigset_t()
        var before = sigset_t()
        sigfillset(&blocked)
        // What a fault of the thread itself raises has to reach its handler.
        for fault in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { sigdelset(&blocked, fault) }
        pthread_sigmask(SIG_SETMASK, &blocked, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let box = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        if status != 0 { box.release() }
        return status
    }

    /// Gives the thread that calls it a name for ps(1) and debuggers; of a longer one the first 15 bytes are kept.
    static func name(_ name: String) {
        // Cut between characters, so that it stays text.
        var short = name
        while short.utf8.count > 15 { short.removeLast() }
        host_name_this_thread(short)
    }

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
