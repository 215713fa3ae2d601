import NodeAPI
import StorageCore

/// The right side of a match: a value, a range, a network, or a set of those. Pure.
struct Operand: Sendable {
    let value: JSONValue
    let ruleset: Ruleset
    /// Whose names it may use.
    let place: Ruleset.Place

    /// Whether the field is it, or among it; nil if that cannot be told.
    func holds(_ field: Packet.Field) -> Bool? {
        if let name = value.text, name.hasPrefix("@") {
            let set = Ruleset.Place(family: place.family, table: place.table, name: String(name.dropFirst()))
            return ruleset.sets[set].flatMap { any($0, field) }
        }
        if let list = value["set"]?.elements ?? value.elements { return any(list, field) }
        if let element = value["elem"]?["val"] { return nested(element).holds(field) }
        switch field {
        case .absent: return false
        case .address(let address): return holds(address)
        case .number(let number): return holds(number)
        case .words(let words): return holds(words)
        }
    }

    private func nested(_ value: JSONValue) -> Operand { Operand(value: value, ruleset: ruleset, place: place) }

    private func any(_ list: [JSONValue], _ field: Packet.Field) -> Bool? {
        let answers = list.map { nested($0).holds(field) }
        if answers.contains(true) { return true }
        return answers.contains(nil) ? nil : false
    }

    private func holds(_ number: Int) -> Bool? {
        if let range = value["range"]?.elements, range.count == 2, let low = range[0].number, let high = range[1].number
        {
            return low <= number && number <= high
        }
        return value.number.map { $0 == number }
    }

    private func holds(_ words: [String]) -> Bool? {
        guard let word = value.text ?? value.number.map(String.init) else { return nil }
        guard !words.contains(Packet.unknownInterface) else { return word == "lo" ? false : nil }
        guard word.hasSuffix("*") else { return words.contains(word) }
        return words.contains { $0.hasPrefix(word.dropLast()) }
    }

    /// A network counts as held only if all of it is.
    private func holds(_ address: ClientAddress) -> Bool? {
        if let prefix = value["prefix"], let base = prefix["addr"]?.text, let length = prefix["len"]?.number {
            guard length > 0 else { return true }
            // What is no client's address holds no client.
            return (try? ClientAddress("\(base)/\(length)")).map { $0.contains(address) } ?? false
        }
        if let range = value["range"]?.elements, range.count == 2, let low = bytes(range[0]), let high = bytes(range[1])
        {
            guard low.count == address.bytes.count else { return false }
            return !address.bytes.lexicographicallyPrecedes(low) && !high.lexicographicallyPrecedes(address.lastBytes)
        }
        guard let text = value.text else { return nil }
        return (try? ClientAddress(text)).map { $0.contains(address) } ?? false
    }

    private func bytes(_ value: JSONValue) -> [UInt8]? { value.text.flatMap { try? ClientAddress($0).bytes } }
}

extension ClientAddress {
    /// Of the network's last address.
    fileprivate var lastBytes: [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(8, max(0, prefixLength - index * 8))
            return kept == 8 ? byte : byte | (0xFF >> UInt8(kept))
        }
    }
}
