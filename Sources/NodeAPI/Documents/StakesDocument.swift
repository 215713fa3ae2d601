import FoundationEssentials
import StorageCore

/// What each node of a pair would lose if the other's data were taken, as `GET /v1/ha/resolve` says.
package struct StakesDocument: Hashable, Sendable, Codable {
    package struct Stake: Hashable, Sendable, Codable {
        package var node: NodeName
        package var isServing: Bool
        /// Its copy and the other's have gone different ways.
        package var isParted: Bool
        /// The highest that it has served under; 0 if it never has.
        package var epoch: UInt64
        /// When it last began to serve.
        package var servedSince: Timestamp?
        /// What was written here since both parted, as far as replication knows, in bytes.
        package var writtenBytes: Int64
        /// What was written is kept beside the other's files when this node's data is given up.
        package var isKept: Bool?
    }

    /// The node that was asked, and the other one if it answers.
    package var nodes: [Stake]

    package init(_ stakes: [PairStake]) {
        nodes = stakes.map { stake in
            Stake(
                node: stake.node, isServing: stake.isServing, isParted: stake.isParted, epoch: stake.served.number,
                servedSince: stake.servedSince.map { Timestamp(Date(timeIntervalSince1970: $0)) },
                writtenBytes: stake.written.bytes, isKept: stake.isKept)
        }
    }
}
