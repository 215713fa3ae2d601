import StorageCore

/// Two nodes become a pair, a step after the other, on the node that is asked and on the other.
extension PairDriver {
    static let notSetUp = "the pair is not set up yet: convert2nfs ha setup"

    var isToBeSetUp: Bool { parts.setup != nil && machine.record.seen == .none }

    package func planSetup() async throws(StorageError) -> [SetupTask] {
        let setup = try nodeSetup
        guard let survey = try await ask(.survey, within: .seconds(20)).survey else {
            throw StorageError(.conflict, "\(parts.otherName) is of a version that cannot be set up")
        }
        return try SetupPlan(
            await surveySelf(setup), survey, preferred: parts.policy.preferred, text: setup.text
        ).tasks
    }

    package func advanceSetup() async throws(StorageError) -> SetupProgress {
        guard !isSettingUp else { throw StorageError(.busy, "a step of the set-up is being done; ask again") }
        isSettingUp = true
        defer { isSettingUp = false }
        let tasks = try await planSetup()
        guard let next = tasks.first else { return SetupProgress(done: nil, rest: []) }
        do throws(StorageError) {
            if next.node == parts.node {
                try await perform(next.step)
            } else {
                try await ask(.setUp(next.step), within: .seconds(150))
            }
        } catch {
            throw StorageError(error.code, "\(next.node): \(next.text): \(error.message)")
        }
        return SetupProgress(done: next, rest: Array(tasks.dropFirst()))
    }

    private var nodeSetup: any NodeSetup {
        get throws(StorageError) {
            guard let setup = parts.setup else {
                throw StorageError(
                    .conflict, "cluster.nodes names no disk on \(parts.node), so this pair's storage is made by hand")
            }
            return setup
        }
    }

    // MARK: On this node

    private func surveySelf(_ setup: any NodeSetup) async -> SetupSurvey {
        var survey = await setup.survey()
        survey.seen = machine.record.seen
        survey.hasGroup = hasGroup
        if let obstacle = parts.address.obstacle() { survey.obstacles.append(obstacle) }
        return survey
    }

    func answerSurvey() async -> PairAnswer {
        do throws(StorageError) {
            return PairAnswer(isGranted: true, report: machine.report, survey: await surveySelf(try nodeSetup))
        } catch {
            return PairAnswer(isGranted: false, report: machine.report, refusal: error.message)
        }
    }

    func perform(_ step: SetupStep) async throws(StorageError) {
        let setup = try nodeSetup
        guard !isPerforming else { throw StorageError(.busy, "a step of the set-up is being done here; ask again") }
        isPerforming = true
        defer { isPerforming = false }
        switch step {
        case .join(let epoch): return try await join(epoch)
        // Files and units, which a node that serves has to have right, too.
        case .resource, .filter, .units: break
        case .metadata, .start, .ownGroup: try await waitUntilDown()
        case .sameData, .group:
            guard isToBeSetUp else { throw StorageError(.conflict, "this node has joined the pair already") }
            try await waitUntilDown()
        }
        try await setup.perform(step)
        if step == .group { hasGroup = true }
        logger.notice("set up: \(setup.text(of: step))")
    }

    /// A program that has just started lowers first what an earlier life may have left.
    private func waitUntilDown() async throws(StorageError) {
        let end = ContinuousClock.now + .seconds(30)
        while machine.report.holdsStorage {
            guard machine.role == .demoting, ContinuousClock.now < end,
                (try? await Task.sleep(for: .milliseconds(100))) != nil
            else { throw StorageError(.conflict, "this node serves, or has not let go of the storage") }
        }
    }

    /// From now on it may serve. What it holds counts once replication says that it is the other's too.
    private func join(_ epoch: Epoch) async throws(StorageError) {
        guard isToBeSetUp else { return }
        let isKept = take {
            $0.join(epoch)
            return []
        }
        guard isKept != nil else {
            throw StorageError(.unavailable, "this node cannot keep what it has to remember; see its log")
        }
        await lookAtData()
    }
}
