import BenchReport
import FoundationEssentials
import HostTools
import NodeHarness
import StorageCore

/// kill -9 and restart with all volumes mounted, until `/readyz`, and the proof that nothing was mounted or exported
/// again.
struct RestartRow {
    private let running: RunningDaemon
    private let exports: ExportManager
    private let busAddress: String
    private static let bar = Duration.seconds(5)

    init(_ running: RunningDaemon) throws {
        self.running = running
        busAddress = "unix:path=\(running.node.directory)/state/ganesha/bus.sock"
        exports = try ExportManager(address: busAddress)
    }

    func run(on bench: Workbench) async throws -> Findings {
        BenchProgram.say("restart: kill -9 and start with \(ManyVolumesRows.count) volumes mounted")
        let before = try await World(running.node, exports)
        let changes = try await watched()
        var times: [Duration] = []
        var isSame = try await World(running.node, exports) == before
        for _ in 0..<bench.runs(5, quick: 2) {
            times.append(try await running.killAndRestart())
            isSame = try await World(running.node, exports) == before && isSame
        }
        let memory = try await MemoryRow.measure(running)
        let isUntouched = isSame && changes == 0
        return Findings(
            rows: [
                Row(
                    measure: "restart with \(ManyVolumesRows.count) volumes mounted", ours: times.median.text,
                    bar: "<= \(Self.bar.text), untouched", isMet: times.median <= Self.bar && isUntouched)
            ],
            notes: [
                "restart: \(before.mounts.count) mounts, \(before.exports.count) exports and the NFS server are "
                    + "\(isSame ? "the same" : "NOT the same") after it; "
                    + "\(changes) calls that change an export on its bus",
                "memory after the restart: \(MemoryRow.text(memory.resident))",
            ])
    }

    /// One restart that dbus-monitor(1) listens to, and that is not timed. Answers how many calls were there that
    /// change an export.
    private func watched() async throws -> Int {
        let output = "\(running.node.directory)/monitor.out"
        let monitor = try HandTool("dbus-monitor", package: "dbus-bin").start(
            ["--address", busAddress, "type=method_call,destination=org.ganesha.nfsd"], output: output)
        try await Task.sleep(for: .seconds(1))
        _ = try await running.killAndRestart()
        // And a look or two of the reconciler.
        try await Task.sleep(for: .seconds(5))
        try await monitor.terminate(grace: .seconds(2))
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
        guard lines.contains(where: { $0.contains("member=ShowExports") }) else {
            throw StorageError(.internal, "dbus-monitor saw nothing of the restart: \(lines.prefix(3))")
        }
        return lines.count { line in
            ["AddExport", "RemoveExport", "UpdateExport"].contains { line.contains("member=\($0)") }
        }
    }
}

/// What must survive the daemon.
private struct World: Equatable {
    /// mountinfo's ids: a mount that was made again has another one.
    let mounts: [Int: String]
    let exports: [String]
    let server: ProcessIdentity?

    init(_ node: DaemonNode, _ manager: ExportManager) async throws {
        let below = try MountTable.current().filter { $0.mountPoint.hasPrefix("\(node.root)/") }
        mounts = Dictionary(below.map { ($0.id, "\($0.mountPoint) \($0.source)") }) { first, _ in first }
        exports = try await manager.exports()
        server = try node.nfsServer()
        guard mounts.count == ManyVolumesRows.count, exports.count > ManyVolumesRows.count, server != nil else {
            throw StorageError(
                .internal, "\(mounts.count) mounts and \(exports.count) exports are not \(ManyVolumesRows.count)")
        }
    }
}
