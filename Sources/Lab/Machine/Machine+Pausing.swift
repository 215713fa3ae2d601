import Glibc

extension Machine {
    /// Stands still, its clock too, as one whose host has better things to do, or goes on.
    package func pause(_ isPaused: Bool) throws { _ = try process()?.signal(isPaused ? SIGSTOP : SIGCONT) }
}
