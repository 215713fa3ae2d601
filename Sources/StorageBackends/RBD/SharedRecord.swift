import FoundationEssentials
import RBDWire
import StorageCore

/// What both nodes of a pair on Ceph write down of themselves, in an object of its own in the pool. Each writing names the one that it
/// has seen, so that none is lost. Pure.
struct SharedRecord: Hashable, Sendable, Codable {
    struct Node: Hashable, Sendable, Codable {
        /// By which addresses it may write.
        var clients: Set<String> = []
        /// From where it does.
        var hosts: Set<String> = []
        /// Which are to be shut out, and may not be on Ceph's blocklist yet.
        var leaving: Set<String> = []
        /// Which are on it.
        var fenced: Set<String> = []

        fileprivate func knows(_ address: String) -> Bool {
            [clients, leaving, fenced].contains { $0.contains(address) }
        }
    }

    /// Whose it is.
    var pair: String
    /// Under which it was opened last.
    var epoch: Epoch
    /// Who did, and has not let go of it since.
    var owner: NodeName?
    private var nodes: [String: Node] = [:]

    subscript(name: NodeName) -> Node {
        get { nodes[name.value] ?? Node() }
        set { nodes[name.value] = newValue }
    }

    /// All that is to be shut out.
    var leaving: Set<String> { nodes.values.reduce(into: []) { $0.formUnion($1.leaving) } }

    /// All that are on the blocklist.
    var fenced: Set<String> { nodes.values.reduce(into: []) { $0.formUnion($1.fenced) } }

    /// From now on these are to be shut out.
    mutating func expel(_ addresses: Set<String>, of name: NodeName) {
        self[name].leaving.formUnion(addresses)
        self[name].clients.subtract(addresses)
    }

    /// All that are, or are to be.
    var expelled: Set<String> { leaving.union(fenced) }

    /// These are.
    mutating func noteFenced(_ addresses: Set<String>) {
        for name in nodes.keys {
            let own = addresses.intersection(nodes[name]?.leaving ?? [])
            nodes[name]?.leaving.subtract(own)
            nodes[name]?.fenced.formUnion(own)
        }
    }

    /// Which of the pair's nodes a client is: by what is written of it, or by where it comes from. Nil for neither's.
    func node(of address: String) -> String? {
        let host = RBDAddress.host(address)
        let known = nodes.first { $0.value.knows(address) } ?? nodes.first { $0.value.hosts.contains(host) }
        return known?.key
    }

    init(pair: String) {
        self.pair = pair
        epoch = .none
    }

    /// Nil if it is none.
    init?(_ text: String) {
        guard let record = try? JSONDecoder().decode(SharedRecord.self, from: Data(text.utf8)) else { return nil }
        self = record
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
