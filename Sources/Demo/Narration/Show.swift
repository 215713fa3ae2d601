/// The demonstration from the first step to the last, and the way out if one of them fails.
struct Show: Sendable {
    let narrator: Narrator
    let stage: Stage

    /// True if every step was so. Whatever happens, nothing of it is left on the machine then, or what is left is
    /// named. Cancelling the task ends it at the next call.
    func run() async -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        for (number, step) in zip(1..., Self.steps) {
            narrator.begins(number, step)
            let begin = clock.now
            do {
                try Task.checkCancellation()
                let finding = try await step.perform(stage)
                narrator.ends(number, step, finding, after: clock.now - begin)
            } catch {
                await tell(error, number, step, after: clock.now - begin)
                await cleanUp()
                return false
            }
        }
        narrator.say("\nall \(Self.steps.count) steps are so, in \(Shown.seconds(clock.now - start))")
        return true
    }

    private func tell(_ error: any Error, _ number: Int, _ step: Step, after time: Duration) async {
        guard !Task.isCancelled else { return narrator.isInterrupted(number, step, after: time) }
        narrator.fails(number, step, "\(error)", after: time)
        narrator.say(await stage.logTail)
    }

    private func cleanUp() async {
        // A task of its own: what cleans up must not be cancelled with what failed.
        let work = Task { await stage.strike() }
        let troubles = await work.value
        narrator.say(troubles.isEmpty ? "cleaned up; nothing is left" : "cleaning up left something behind:")
        for trouble in troubles { narrator.say("      \(trouble)") }
    }

    private static let steps = [
        Step("start") { try await $0.startNode() },
        Step("create") { try await $0.createVolume() },
        Step("copy") { try await $0.copyTree() },
        Step("compare") { try await $0.compareTree() },
        Step("second") { try await $0.createSecondVolume() },
        Step("fill") { try await $0.fill() },
        Step("grow") { try await $0.grow() },
        Step("snapshot") { try await $0.takeSnapshot() },
        Step("delete") { try await $0.deleteTree() },
        Step("restore") { try await $0.restoreClone() },
        Step("refuse") { try await $0.refuseStranger() },
        Step("admit") { try await $0.admitStranger() },
        Step("kill") { try await $0.killDaemon() },
        Step("manifest") { try await $0.showManifest() },
        Step("check") { try await $0.checkVolumes() },
        Step("remove") { try await $0.deleteVolumes() },
        Step("retire") { try await $0.retireNode() },
        Step("clean") { try await $0.showNothingIsLeft() },
    ]
}
