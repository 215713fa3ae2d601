import HostTools

/// How long a server that answers nobody is waited for.
package struct Patience: Sendable {
    /// It hangs when so many looks in a row found it silent,
    package var looks = 3
    /// and so much time has passed since the first of them.
    package var silence: Duration = .seconds(30)
    /// How long each look waits for an answer over the bus,
    package var busAnswer: Duration = .seconds(3)
    /// and after that for one at the port that clients use.
    package var clientAnswer: Duration = .seconds(5)

    package init() {}
}

/// The looks in a row that found one server silent.
struct Silence: Sendable {
    private(set) var looks = 0
    private var server: ProcessIdentity?
    private var begin: ContinuousClock.Instant?

    /// One more at `now`. Answers whether the server hangs.
    mutating func look(
        at server: ProcessIdentity, now: ContinuousClock.Instant, patience: Patience
    ) -> Bool {
        if self.server != server { self = Silence() }
        self.server = server
        let begin = begin ?? now
        self.begin = begin
        looks += 1
        return looks >= patience.looks && now - begin >= patience.silence
    }
}
