import NodeAPI
import StorageCore

/// The rules of nftables, as `nft -j list ruleset` shows them (libnftables-json(5)). Pure.
struct Ruleset: Sendable {
    /// Names are unique within a table.
    struct Place: Hashable, Sendable {
        let family: String
        let table: String
        let name: String
    }

    struct Rule: Sendable {
        let place: Place
        let handle: String
        let statements: [JSONValue]

        /// As an operator finds it.
        var label: String { "table \(place.family) \(place.table), chain \(place.name), handle \(handle)" }
    }

    struct Chain: Sendable {
        let place: Place
        /// Nil for one that only others jump to.
        var hook: Hook?
        var rules: [Rule] = []
    }

    struct Hook: Sendable {
        let name: String
        let type: String
        let priority: Int
        let policy: String
    }

    private(set) var chains: [Place: Chain] = [:]
    private(set) var sets: [Place: [JSONValue]] = [:]

    /// Throws `invalidArgument` for what is no such text.
    init(_ text: [UInt8]) throws(StorageError) {
        for item in try JSONParser.parse(text)["nftables"]?.elements ?? [] {
            if let chain = item["chain"] { add(chain) }
            if let rule = item["rule"] { add(rule: rule) }
            if let set = item["set"] ?? item["map"], let place = Self.place(set, "name") {
                sets[place] = set["elem"]?.elements ?? []
            }
        }
    }

    private mutating func add(_ chain: JSONValue) {
        guard let place = Self.place(chain, "name") else { return }
        let hook = chain["hook"]?.text.map { name in
            Hook(
                name: name, type: chain["type"]?.text ?? "", priority: chain["prio"]?.number ?? 0,
                policy: chain["policy"]?.text ?? "accept")
        }
        chains[place] = Chain(place: place, hook: hook)
    }

    private mutating func add(rule: JSONValue) {
        guard let place = Self.place(rule, "chain") else { return }
        let handle = rule["handle"]?.number.map(String.init) ?? "?"
        chains[place]?.rules.append(
            Rule(place: place, handle: handle, statements: rule["expr"]?.elements ?? []))
    }

    private static func place(_ value: JSONValue, _ key: String) -> Place? {
        guard let family = value["family"]?.text, let table = value["table"]?.text, let name = value[key]?.text else {
            return nil
        }
        return Place(family: family, table: table, name: name)
    }

    /// The chains that a packet for this host passes, in order: before routing, then for input.
    var inward: [Chain] {
        let hooks = ["prerouting", "input"]
        return chains.values.compactMap { chain -> (Int, Int, Chain)? in
            guard let hook = chain.hook, hook.type == "filter", let order = hooks.firstIndex(of: hook.name) else {
                return nil
            }
            return (order, hook.priority, chain)
        }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }
}

extension JSONValue {
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var number: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }
    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The first member, of an object that has one.
    var only: (key: String, value: JSONValue)? {
        if case .object(let members) = self, let first = members.first { (first.key, first.value) } else { nil }
    }
}
