import StorageCore

/// Where files are replicated: the node that does not serve copies what the other has, and the other lets it.
extension PairDriver {
    private var ask: FileReplication.Ask {
        { request, patience async throws(StorageError) in try await self.ask(.copy(request), within: patience) }
    }

    /// Until the task is cancelled.
    func follow() async {
        guard let following = parts.following else { return }
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            if machine.peer == nil { await following.concealAll() }
            guard !isToBeSetUp, !machine.report.holdsStorage, machine.peer?.role == .primary else { continue }
            await following.follow(asking: ask)
        }
    }

    /// What the other node wants of it. Refused where the storage itself is replicated.
    func answer(_ request: CopyRequest) async -> PairAnswer {
        do throws(StorageError) {
            guard let following = parts.following else {
                throw StorageError(.conflict, "this node replicates its storage, not files: the configurations differ")
            }
            var volumes: [Volume]?
            var place: FilePlace?
            switch request {
            case .volumes(let whole): volumes = try await following.list(having: whole)
            case .expose(let id): place = try await following.expose(id)
            case .conceal(let id, let isWhole): try await following.conceal(id, isWhole: isWhole)
            case .mirror: try await following.mirror(asking: ask)
            case .catchUp:
                try await following.catchUp(asking: ask)
                await lookAtData()
            }
            return PairAnswer(isGranted: true, report: machine.report, volumes: volumes, place: place)
        } catch {
            return PairAnswer(isGranted: false, report: machine.report, refusal: error.message)
        }
    }

    /// Clients wait, and lose nothing if it takes longer.
    private static let catchUpPatience = Duration.seconds(120)

    /// Brings the other node's copy up to what is here, which nobody changes any more. What does not succeed leaves this node the one to
    /// serve.
    func bringOtherUp() async {
        guard let following = parts.following else { return }
        do throws(StorageError) {
            try await ask(.copy(.catchUp), within: Self.catchUpPatience)
            try await following.yield()
        } catch {
            logger.error("the other node does not have all that was written here, so the service stays: \(error)")
        }
    }

    /// Ensures that the other node has the volumes of this one, as far as it answers: it gets what it lacks with its next round.
    package func mirror() async {
        guard parts.following != nil, machine.peer != nil else { return }
        do throws(StorageError) { try await ask(.copy(.mirror), within: .seconds(15)) } catch {
            logger.warning("\(parts.otherName) has not taken over yet what was changed of the volumes: \(error)")
        }
    }
}
