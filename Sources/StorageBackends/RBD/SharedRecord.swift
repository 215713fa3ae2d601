import FoundationEssentials
import StorageCore

/// What both nodes of a pair on Ceph write down of themselves, in an object of its own in the pool. Each writing names the one that it
/// has seen, so that none is lost. Pure.
struct SharedRecord: Hashable, Sendable, Codable {
    struct Node: Hashable, Sendable, Codable {
        /// By which addresses it may write.
        var clients: Set<String> = []
        /// From where it does.
        var hosts: Set<String> = []
        /// Which were shut out, and are on Ceph's blocklist since.
        var fenced: Set<String> = []
    }

    /// Whose it is.
    let pair: String
    /// Under which it was opened last.
    var epoch: Epoch
    var nodes: [String: Node] = [:]

    subscript(name: NodeName) -> Node {
        get { nodes[name.value] ?? Node() }
        set { nodes[name.value] = newValue }
    }

    /// Notes that these are shut out.
    mutating func fence(_ addresses: Set<String>, of name: NodeName) {
        self[name].fenced.formUnion(addresses)
        self[name].clients.subtract(addresses)
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
