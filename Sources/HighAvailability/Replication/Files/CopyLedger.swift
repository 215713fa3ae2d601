import StorageCore

/// What a node of a pair remembers of each volume's copy on the other node, and of its own, where files are replicated. Pure.
struct CopyLedger: Hashable, Sendable, Codable {
    /// A volume that both nodes have, or are to have. Moments are seconds since 1970 by this node's clock.
    enum Copy: Hashable, Sendable, Codable {
        /// Written here; the other node has all of it as of that moment, or nothing for sure.
        case own(sharedAt: Double?)
        /// Taken over from the other node, as it was at that moment; nil while the first is not whole.
        case taken(asOf: Double?)

        /// Taken over, all of it.
        var isWhole: Bool { if case .taken(_?) = self { true } else { false } }
    }

    struct Entry: Hashable, Sendable, Codable {
        var key: VolumeKey
        var copy: Copy
    }

    /// Clients may have written here what the other node lacks.
    private(set) var isLeading = false
    /// When the other node was last known to serve.
    var heardAt: Double?
    /// What was written here counts no more, and the other node was not asked for its data since.
    private var isGivenUp: Bool?
    private(set) var entries: [String: Entry] = [:]

    subscript(_ id: VolumeID) -> Entry? {
        get { entries[id.description] }
        set { entries[id.description] = newValue }
    }

    /// Of which all was taken over.
    var whole: Set<VolumeID> { Set(entries.filter { $0.value.copy.isWhole }.keys.compactMap { VolumeID($0) }) }
    var isWhole: Bool { entries.values.allSatisfy(\.copy.isWhole) }

    /// How many of the volumes that were written here the other node has, as they are or once were.
    var shared: Int {
        entries.values.count { if case .own(_?) = $0.copy { true } else { false } }
    }

    /// The other node has only these whole, now: it may have lost the rest.
    mutating func withdraw(but whole: Set<VolumeID>) {
        let names = Set(whole.map(\.description))
        for (id, entry) in entries where !names.contains(id) {
            guard case .own = entry.copy else { continue }
            entries[id] = Entry(key: entry.key, copy: .own(sharedAt: nil))
        }
    }

    /// Both nodes know the volume: what one of them lacks then, it has deleted.
    func isShared(_ id: VolumeID) -> Bool {
        switch self[id]?.copy {
        case .own(let sharedAt): sharedAt != nil
        case .taken: true
        case nil: false
        }
    }

    /// Forgets the volumes that are on neither node.
    mutating func keep(_ ids: Set<VolumeID>) {
        let names = Set(ids.map(\.description))
        entries = entries.filter { names.contains($0.key) }
    }

    /// From now on clients write here, and the other node has what was here until now where that was whole.
    mutating func lead(at now: Double) {
        guard !isLeading else { return }
        isLeading = true
        isGivenUp = nil
        change { copy in
            guard case .taken(let asOf) = copy else { return copy }
            return .own(sharedAt: asOf == nil ? nil : now)
        }
    }

    /// The other node has all that is here, and may be written from now on.
    mutating func yield(at now: Double) {
        isLeading = false
        heardAt = now
        change { _ in .taken(asOf: now) }
    }

    /// The other node serves at `moment`, and what it has counts.
    mutating func follow(at moment: Double) {
        isLeading = false
        isGivenUp = nil
        heardAt = max(heardAt ?? moment, moment)
    }

    /// The other node is to serve what it has, although clients have written here. What that was stays known, and so is kept.
    mutating func giveUp(at now: Double) {
        isLeading = false
        isGivenUp = true
        heardAt = now
    }

    /// No copy counts before it has been made anew. What was written here stays known as that.
    mutating func outdate() { change { if case .taken = $0 { .taken(asOf: nil) } else { $0 } } }

    private mutating func change(_ body: (Copy) -> Copy) {
        for (id, entry) in entries { entries[id] = Entry(key: entry.key, copy: body(entry.copy)) }
    }

    /// How many seconds the oldest copy was behind when the other node was last known to serve; nil if one is not whole, or nothing is
    /// known.
    var lag: Double? {
        guard let heardAt, isGivenUp != true else { return nil }
        var oldest = heardAt
        for entry in entries.values {
            guard case .taken(let asOf?) = entry.copy else { return nil }
            oldest = min(oldest, asOf)
        }
        return heardAt - oldest
    }
}
