/// What a node of a pair knows of the other beside what that says. Pure.
struct OtherNode: Sendable {
    /// The fence command ended well.
    var isOff = false
    /// An operator has forced this node, or the policy has let it go on, without knowing that the other is off.
    var isLeftAlone = false
    /// It did not answer when it was asked last.
    var isSilent = false
    var heardAt: ContinuousClock.Instant?
    /// Since one of the first two became so.
    private var wasUnconnected = false

    init(heardAt: ContinuousClock.Instant? = nil) { self.heardAt = heardAt }

    /// A copy that is connected anew is of a node that has come back, whether its program runs yet or not: what was known of it
    /// before counts no more. The loss of a connection is noticed late, so one that is still there says nothing.
    mutating func note(isConnected: Bool) {
        guard isOff || isLeftAlone else { return }
        guard isConnected else {
            wasUnconnected = true
            return
        }
        if wasUnconnected { self = OtherNode(heardAt: heardAt) }
    }
}
