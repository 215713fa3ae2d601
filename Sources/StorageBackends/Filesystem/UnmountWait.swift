/// How long an unmount is tried again while something holds the filesystem. A process, or another mount, has a short while to end.
/// What holds it in the kernel alone may be made to let go, and does so a moment after it was made to, while whoever keeps asking
/// makes it hold again: that is tried often, and for longer.
struct UnmountWait {
    private let patience: Duration
    private let canRelease: Bool
    private let start = ContinuousClock.now
    private var nextLook = ContinuousClock.now
    private var nextPause = Duration.milliseconds(5)
    /// Nil as long as that is not known.
    private var users: [String]?

    init(patience: Duration, canRelease: Bool) {
        self.patience = patience
        self.canRelease = canRelease
    }

    /// Who uses it is asked once a second: it costs a walk through all processes.
    var isLookDue: Bool { ContinuousClock.now >= nextLook }

    mutating func note(_ users: [String]?) {
        self.users = users
        nextLook = ContinuousClock.now + .seconds(1)
    }

    /// Whether nothing but the kernel holds it, which can be made to let go.
    var isKernels: Bool { canRelease && users?.isEmpty == true }

    /// Until the next try; nil if it has been tried for long enough.
    mutating func pause() -> Duration? {
        guard ContinuousClock.now - start < (isKernels ? .seconds(15) : patience) else { return nil }
        if isKernels { return .milliseconds(10) }
        defer { nextPause = min(nextPause * 2, .milliseconds(200)) }
        return nextPause
    }

    /// For people.
    var holders: String {
        guard let users, !users.isEmpty else { return " by something in the kernel, like an export" }
        let more = users.count > 8 ? " and \(users.count - 8) more" : ""
        return " by " + users.prefix(8).joined(separator: ", ") + more
    }
}
