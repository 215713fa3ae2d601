import BenchReport
import FoundationEssentials
import HostTools
import Lab

/// A pair of storage machines with volumes, and the client on one of them, for which only time may pass when the service moves.
struct PairBench: Sendable {
    let pair: PairNodes
    let client: Machine
    let isQuick: Bool

    static let path = "/nfs/bench\(LabBench.numbered(1))"

    var runs: Int { isQuick ? 2 : 10 }

    /// Runs `body` with a pair that serves so many volumes. Nothing of it is left, whatever happens.
    static func with<Value: Sendable>(
        volumes: Int, storage: PairNodes.Storage = .drbd, isQuick: Bool,
        _ body: @Sendable (PairBench) async throws -> Value
    ) async throws -> Value {
        try await BenchMachines.with([.p1, .p2], processors: 2, hasCeph: storage.isShared) { lab in
            let (s1, s2) = (try lab.machine("s1"), try lab.machine("s2"))
            return try await FenceService([s1, s2]).serving {
                let bench = PairBench(
                    pair: PairNodes(s1, s2, storage: storage), client: try lab.machine("c1"), isQuick: isQuick)
                BenchProgram.say("making a pair with \(volumes) volumes")
                try await bench.pair.setUp()
                try await bench.pair.wait(until: s1, is: "primary")
                try await bench.pair.wait(until: s2, is: "standby")
                try await bench.fill(volumes)
                return try await body(bench)
            }
        }
    }

    private func fill(_ count: Int) async throws {
        for number in 1...count {
            try await pair.nodes[0].sh(
                "convert2nfs volume create bench/\(LabBench.numbered(number)) --size \(LabBench.mebibytes)Mi --client "
                    + client.spec.address)
        }
    }

    // MARK: One move of the service

    /// How the client on the first volume has fared, and what moved.
    struct Move: Sendable {
        let result: Application.Result
        /// The steps of the way up.
        let steps: [Timeline.Part]
        /// From the moment at which the port began to be opened until the client's call that waited longest ended: at most what that waited
        /// beyond the open port.
        let beyondPort: Double
        /// The client's lock was there on the node that serves now.
        let holdsLock: Bool
        /// Which had the service before.
        let from: Machine

        /// How long nobody was at work on the way up: until the loss was noticed, and from then until the client called again.
        var unnoticed: Duration {
            steps.reduce(result.longest) { $0 - $1.duration }
        }
    }

    /// `move` takes the service from the first machine to the second. It is there, and both are well, when this returns.
    func move(
        _ name: String, options: String, _ move: (_ primary: Machine) async throws -> Void
    ) async throws -> Move {
        let primary = try await pair.primary()
        let standby = primary.spec.name == pair.nodes[0].spec.name ? pair.nodes[1] : pair.nodes[0]
        try await pair.wait(until: standby, is: "standby")
        let application = Application(on: client, name)
        try await application.start(Self.path, from: PairNodes.address, options: options)
        try await application.proceed()
        try await move(primary)
        // It is asked first, and not the node that takes over, whose processors have enough to do.
        try await application.proceed()
        try await pair.wait(until: standby, is: "primary")
        let said = try await standby.sh(
            "\(application.holdsLock(in: Self.path)) && echo held || cat /proc/locks", deadline: .seconds(30))
        let result = try await application.stop()
        let last = try await lastMove(of: standby)
        let (own, other) = (try await client.clockShift(), try await standby.clockShift())
        return Move(
            result: result, steps: last.steps.map { .init(name: $0.name, duration: .milliseconds($0.milliseconds)) },
            beyondPort: (result.longestEnded - own) - (last.portAt - other), holdsLock: said == "held\n", from: primary)
    }

    /// How many seconds the copies on `machine` are behind now, by its clock; nil before the first one is whole.
    func lag(of machine: Machine) async throws -> Double? {
        let text = try await machine.sh("convert2nfs ha status -o json || true")
        return try JSONDecoder().decode(Status.self, from: Data(text.utf8)).copies?.compactMap(\.lagSeconds).max()
    }

    /// Of `convert2nfs ha status -o json`.
    private struct Status: Decodable {
        struct Step: Decodable {
            let name: String
            let milliseconds: Int
        }
        struct Move: Decodable {
            let direction: String
            let beganAt: String
            let milliseconds: Int
            let steps: [Step]

            /// When its last step, the port's, began, in seconds since 1970.
            var portAt: Double {
                get throws {
                    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
                    let began = try (try? style.parse(beganAt)) ?? Date(beganAt, strategy: .iso8601)
                    return began.timeIntervalSince1970 + Double(milliseconds - (steps.last?.milliseconds ?? 0)) / 1000
                }
            }
        }
        struct Copy: Decodable {
            let lagSeconds: Double?
        }
        let moves: [Move]
        let copies: [Copy]?
    }

    private func lastMove(of machine: Machine) async throws -> (steps: [Status.Step], portAt: Double) {
        let text = try await machine.sh("convert2nfs ha status -o json || true")
        let moves = try JSONDecoder().decode(Status.self, from: Data(text.utf8)).moves
        guard let move = moves.first(where: { $0.direction == "up" }) else {
            throw HostError.unexpected("\(machine.spec.name) has not brought the service up")
        }
        return (move.steps, try move.portAt)
    }
}
