/// What a pool does by itself beside what it is asked, for as long as this node serves its volumes.
package protocol PoolMaintenance: Sendable {
    /// Does it until the task is cancelled. Nothing of it goes on when this returns.
    func run() async

    /// Copies that share data with their sources yet, and how much of it they have of their own by now.
    var copies: [VolumeKey: CopyProgress] { get }
}
