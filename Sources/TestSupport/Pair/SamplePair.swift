import StorageCore

/// A node of a pair that only says what it was made with; every request of it succeeds.
package struct SamplePair: PairNode {
    package var sample: PairStatus

    package init(_ sample: PairStatus) { self.sample = sample }

    package func status() async -> PairStatus { sample }
    package func hear(_ message: PairMessage) async -> PairAnswer {
        PairAnswer(isGranted: true, report: sample.own)
    }
    package func move() async throws(StorageError) -> Outcome { .changed }
    package func leave() async throws(StorageError) {}
    package func force() async throws(StorageError) -> Outcome { .changed }
    package func planSetup() async throws(StorageError) -> [SetupTask] { [task] }
    package func advanceSetup() async throws(StorageError) -> SetupProgress { SetupProgress(done: task, rest: []) }
    private var task: SetupTask { SetupTask(node: sample.own.node, step: .start, text: "start replication") }
    package func stakes() async -> [PairStake] {
        [
            PairStake(
                node: sample.own.node, isServing: true, isParted: true, served: .none, servedSince: 1_700_000_000,
                written: ByteCount(4096))
        ]
    }
    package func discard(_ node: NodeName) async throws(StorageError) {}
    package func outdateOther() async -> OutdatedBy? { .itself }
}

extension PairReport {
    /// A node whose data is current and that, if nothing else is said, has the address.
    package static func sample(
        _ name: String = "a", _ role: PairRole = .primary, address: AddressState = .held
    ) throws -> PairReport {
        PairReport(
            node: try NodeName(name), role: role, record: PairRecord(), data: .current(other: .same), address: address,
            holdsStorage: role == .primary)
    }
}

extension PairStatus {
    /// A pair of which both nodes answer, or only the one that is asked.
    package static func sample(isWhole: Bool = true) throws -> PairStatus {
        PairStatus(
            own: try .sample(), other: isWhole ? try .sample("b", .standby) : nil, otherName: try NodeName("b"),
            preferred: try NodeName("a"), obstacle: nil, replication: "equal", syncPercent: isWhole ? 50 : nil,
            moves: [
                ServiceMove(
                    direction: .up, epoch: Epoch(7, of: try NodeName("a")), beganAt: 1_700_000_000,
                    steps: [.init(name: "storage", milliseconds: 5)], failure: isWhole ? "gone" : nil)
            ],
            copies: isWhole
                ? [CopyStatus(volume: try VolumeKey("shop", "data"), asOf: 1_700_000_000, problem: "gone")] : [])
    }
}
