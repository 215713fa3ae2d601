import NodeAPI
import StorageCore

/// What becomes of a packet in a ruleset (nft(8), "VERDICT STATEMENTS"). A rule that holds something which is not understood
/// here counts as one that does not match, and is told of. Pure.
struct Firewall: Sendable {
    let ruleset: Ruleset
    /// Labels of rules that were not understood.
    private(set) var unclear: Set<String> = []

    init(_ ruleset: Ruleset) { self.ruleset = ruleset }

    private enum Flow {
        case accepted
        /// By what.
        case dropped(String)
        /// The chain has ended without a verdict.
        case ended
    }

    private enum Step {
        case next
        case flow(Flow)
        case jump(String)
        case leap(String)
    }

    /// What drops or rejects it; nil if it is let in.
    mutating func obstacle(to packet: Packet) -> String? {
        let families = ["inet", packet.source.isIPv6 ? "ip6" : "ip"]
        for chain in ruleset.inward where families.contains(chain.place.family) {
            switch walk(chain, packet, depth: 0) {
            case .accepted: continue
            case .dropped(let what): return what
            case .ended:
                guard chain.hook?.policy == "drop" else { continue }
                return "table \(chain.place.family) \(chain.place.table), chain \(chain.place.name): policy drop"
            }
        }
        return nil
    }

    private mutating func walk(_ chain: Ruleset.Chain, _ packet: Packet, depth: Int) -> Flow {
        // The kernel allows 16.
        guard depth < 16 else { return .ended }
        for rule in chain.rules {
            switch follow(rule, packet) {
            case .next: continue
            case .flow(let flow): return flow
            case .jump(let name):
                let flow = walk(name, from: rule, packet, depth)
                if case .ended = flow { continue }
                return flow
            case .leap(let name): return walk(name, from: rule, packet, depth)
            }
        }
        return .ended
    }

    private mutating func walk(_ name: String, from rule: Ruleset.Rule, _ packet: Packet, _ depth: Int) -> Flow {
        let place = Ruleset.Place(family: rule.place.family, table: rule.place.table, name: name)
        return ruleset.chains[place].map { walk($0, packet, depth: depth + 1) } ?? .ended
    }

    private mutating func follow(_ rule: Ruleset.Rule, _ packet: Packet) -> Step {
        for statement in rule.statements {
            guard let (kind, value) = statement.only else { continue }
            if Self.harmless.contains(kind) { continue }
            if kind == "match" || kind == "limit" {
                guard let holds = kind == "limit" ? value["inv"] != true : matches(value, rule, packet) else {
                    unclear.insert(rule.label)
                    return .next
                }
                if holds { continue }
                return .next
            }
            let verdict = kind == "vmap" ? chosen(by: value, rule, packet) : statement
            guard let verdict, let step = Self.step(verdict, rule) else {
                unclear.insert(rule.label)
                return .next
            }
            if case .next = step { continue }
            return step
        }
        return .next
    }

    /// They decide nothing about a packet.
    private static let harmless: Set<String> = [
        "counter", "log", "mangle", "notrack", "set", "map", "quota", "ct helper", "ct timeout", "flow", "last",
    ]

    /// Nil for what is no verdict.
    private static func step(_ verdict: JSONValue, _ rule: Ruleset.Rule) -> Step? {
        guard let (kind, value) = verdict.only else { return nil }
        switch kind {
        case "accept", "queue": return .flow(.accepted)
        case "drop", "reject":
            let text = (try? WireCoder().encode(JSONValue.array(rule.statements))).map {
                String(decoding: $0, as: UTF8.self)
            }
            return .flow(.dropped("\(rule.label): \(text ?? kind)"))
        case "return": return .flow(.ended)
        case "continue": return .next
        case "jump": return value["target"]?.text.map { .jump($0) }
        case "goto": return value["target"]?.text.map { .leap($0) }
        default: return nil
        }
    }

    /// Nil if it cannot be told.
    private func matches(_ match: JSONValue, _ rule: Ruleset.Rule, _ packet: Packet) -> Bool? {
        guard let left = match["left"], let right = match["right"], let field = packet.field(left) else { return nil }
        if case .absent = field { return false }
        let operand = Operand(value: right, ruleset: ruleset, place: rule.place)
        switch match["op"]?.text {
        case "==", "in": return operand.holds(field)
        case "!=": return operand.holds(field).map(!)
        case let order?:
            guard case .number(let number) = field, let limit = right.number else { return nil }
            return ["<": number < limit, ">": number > limit, "<=": number <= limit, ">=": number >= limit][order]
        case nil: return nil
        }
    }

    /// The verdict that a map has for the packet; `continue` if it has none, nil if it cannot be told.
    private func chosen(by map: JSONValue, _ rule: Ruleset.Rule, _ packet: Packet) -> JSONValue? {
        guard let key = map["key"], let field = packet.field(key), let data = map["data"] else { return nil }
        var pairs = data["set"]?.elements
        if let name = data.text, name.hasPrefix("@") {
            let place = Ruleset.Place(
                family: rule.place.family, table: rule.place.table, name: String(name.dropFirst()))
            pairs = ruleset.sets[place]
        }
        guard let pairs else { return nil }
        for pair in pairs.compactMap(\.elements) where pair.count == 2 {
            guard let holds = Operand(value: pair[0], ruleset: ruleset, place: rule.place).holds(field) else {
                return nil
            }
            if holds { return pair[1] }
        }
        return ["continue": .null]
    }
}
