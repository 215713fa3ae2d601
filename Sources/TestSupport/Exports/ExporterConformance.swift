import StorageCore
import Testing

/// What an exporter is checked with: itself, volumes to export, and a way to lose its server.
package protocol ExporterRig: Sendable {
    associatedtype Subject: Exporter

    var exporter: Subject { get }

    /// Where a filesystem is mounted that can be exported; the same for the same number.
    func mountedPath(_ number: UInt16) async throws -> MountPath

    /// Ends the server at once, without the exporter's help.
    func killServer() async throws
}

/// What every `Exporter` does, sentence by sentence of its contract. Each check begins with a rig of its own whose
/// server does not run.
package enum ExporterConformance: String, CaseIterable, Sendable {
    case aServerThatDoesNotRunIsUnavailable
    case serveStartsAServerWithExactlyTheseExports
    case serveOfWhatIsServedChangesNothing
    case serveCorrectsOnlyWhatDiffers
    case ensureAddsAnExportOnce
    case ensureChangesClientsBothWays
    case ensureChangesSquash
    case ensureMovesAnExportToAnotherPath
    case anExportWithoutClientsKeepsItsSquash
    case overlappingNetworksAreKeptAsTheyAreNamed
    case aPathIsServedOnce
    case withdrawEndsAnExportOnce
    case anExportThatNobodyOpenedHasNoHolders
    case serveAfterADeathBringsEverythingBack
    case differentExportsChangeAtOnce

    package func check(_ rig: some ExporterRig) async throws {
        switch self {
        case .aServerThatDoesNotRunIsUnavailable: try await absence(rig)
        case .serveStartsAServerWithExactlyTheseExports: try await start(rig)
        case .serveOfWhatIsServedChangesNothing: try await repetition(rig)
        case .serveCorrectsOnlyWhatDiffers: try await correction(rig)
        case .ensureAddsAnExportOnce: try await addition(rig)
        case .ensureChangesClientsBothWays: try await clients(rig)
        case .ensureChangesSquash: try await squash(rig)
        case .ensureMovesAnExportToAnotherPath: try await move(rig)
        case .anExportWithoutClientsKeepsItsSquash: try await withoutClients(rig)
        case .overlappingNetworksAreKeptAsTheyAreNamed: try await overlap(rig)
        case .aPathIsServedOnce: try await samePath(rig)
        case .withdrawEndsAnExportOnce: try await withdrawal(rig)
        case .anExportThatNobodyOpenedHasNoHolders: try await holders(rig)
        case .serveAfterADeathBringsEverythingBack: try await death(rig)
        case .differentExportsChangeAtOnce: try await atOnce(rig)
        }
    }

    private func absence(_ rig: some ExporterRig) async throws {
        let export = try await rig.export(1)
        #expect(try await !rig.exporter.isRunning())
        await expectCode(.unavailable) { _ = try await rig.exporter.exports() }
        await expectCode(.unavailable) { _ = try await rig.exporter.ensure(export) }
        #expect(try await rig.exporter.withdraw(export) == .unchanged, "nobody is served by a server that does not run")
    }

    private func start(_ rig: some ExporterRig) async throws {
        let exports = [
            try await rig.export(1, ["127.0.0.1": .readWrite], squash: .root),
            try await rig.export(
                2, ["10.0.0.0/8": .readOnly, "fd00::/64": .readWrite, "::1": .readOnly], squash: .all),
        ]
        #expect(try await rig.exporter.serve(exports) == .changed)
        #expect(try await rig.exporter.isRunning())
        try await rig.expectServed(exports)
    }

    private func repetition(_ rig: some ExporterRig) async throws {
        let exports = [try await rig.export(1), try await rig.export(2, [:], squash: .all)]
        _ = try await rig.exporter.serve(exports)
        #expect(try await rig.exporter.serve(exports) == .unchanged)
        #expect(try await rig.exporter.serve(exports.reversed()) == .unchanged)
        try await rig.expectServed(exports)
    }

    private func correction(_ rig: some ExporterRig) async throws {
        let kept = try await rig.export(1)
        let extra = try await rig.export(2)
        _ = try await rig.exporter.serve([kept, extra])
        let missing = try await rig.export(3, ["10.1.0.0/16": .readOnly])
        #expect(try await rig.exporter.serve([kept, missing]) == .changed)
        try await rig.expectServed([kept, missing])
        let widened = try await rig.export(1, ["127.0.0.1": .readWrite, "10.9.9.9": .readWrite])
        #expect(try await rig.exporter.serve([widened, missing]) == .changed)
        try await rig.expectServed([widened, missing])
        #expect(try await rig.exporter.serve([]) == .changed)
        #expect(try await rig.exporter.serve([]) == .unchanged)
        try await rig.expectServed([])
        #expect(try await rig.exporter.serve([kept, extra, missing]) == .changed)
        try await rig.expectServed([kept, extra, missing])
        #expect(try await rig.exporter.serve([kept, extra, missing]) == .unchanged)
    }

    private func addition(_ rig: some ExporterRig) async throws {
        _ = try await rig.exporter.serve([])
        let highest = try await rig.export(.max)
        #expect(try await rig.exporter.ensure(highest) == .changed)
        #expect(try await rig.exporter.ensure(highest) == .unchanged)
        try await rig.expectServed([highest])
    }

    private func clients(_ rig: some ExporterRig) async throws {
        _ = try await rig.exporter.serve([])
        let steps: [[String: Access]] = [
            ["127.0.0.1": .readWrite],
            ["127.0.0.1": .readWrite, "10.0.0.0/24": .readOnly],
            ["127.0.0.1": .readOnly, "10.0.0.0/24": .readWrite],
            ["10.0.0.0/24": .readWrite],
            [:],
            ["fd00::7": .readOnly],
        ]
        for rules in steps {
            let export = try await rig.export(1, rules)
            #expect(try await rig.exporter.ensure(export) == .changed, "\(rules)")
            #expect(try await rig.exporter.ensure(export) == .unchanged, "\(rules)")
            try await rig.expectServed([export])
        }
    }

    private func squash(_ rig: some ExporterRig) async throws {
        _ = try await rig.exporter.serve([])
        for squash in [Squash.root, .all, .none, .root] {
            let export = try await rig.export(1, squash: squash)
            #expect(try await rig.exporter.ensure(export) == .changed)
            #expect(try await rig.exporter.ensure(export) == .unchanged)
            try await rig.expectServed([export])
        }
    }

    private func move(_ rig: some ExporterRig) async throws {
        let before = try await rig.export(1)
        _ = try await rig.exporter.serve([before])
        let after = Export(
            id: before.id, fsid: before.fsid, path: try await rig.mountedPath(2), squash: before.squash,
            clients: before.clients)
        #expect(try await rig.exporter.ensure(after) == .changed)
        try await rig.expectServed([after])
    }

    private func withoutClients(_ rig: some ExporterRig) async throws {
        let exports = [
            try await rig.export(1, [:], squash: .none), try await rig.export(2, [:], squash: .root),
            try await rig.export(3, [:], squash: .all),
        ]
        _ = try await rig.exporter.serve(exports)
        try await rig.expectServed(exports)
    }

    private func overlap(_ rig: some ExporterRig) async throws {
        let export = try await rig.export(
            1, ["10.0.0.0/8": .readOnly, "10.0.0.0/24": .readWrite, "10.0.0.7": .readOnly, "10.0.0.0": .readWrite])
        _ = try await rig.exporter.serve([export])
        try await rig.expectServed([export])
        #expect(try await rig.exporter.ensure(export) == .unchanged)
    }

    private func samePath(_ rig: some ExporterRig) async throws {
        let first = try await rig.export(1)
        _ = try await rig.exporter.serve([first])
        let second = try await rig.export(2)
        let twin = Export(
            id: second.id, fsid: second.fsid, path: first.path, squash: second.squash, clients: second.clients)
        await expectCode(.internal) { _ = try await rig.exporter.ensure(twin) }
        try await rig.expectServed([first])
    }

    private func withdrawal(_ rig: some ExporterRig) async throws {
        let exports = [try await rig.export(1), try await rig.export(2)]
        _ = try await rig.exporter.serve(exports)
        #expect(try await rig.exporter.withdraw(exports[0]) == .changed)
        #expect(try await rig.exporter.withdraw(exports[0]) == .unchanged)
        try await rig.expectServed([exports[1]])
        #expect(try await rig.exporter.ensure(exports[0]) == .changed)
        try await rig.expectServed(exports)
    }

    private func holders(_ rig: some ExporterRig) async throws {
        let export = try await rig.export(1)
        #expect(try await rig.exporter.holders(of: export).isEmpty, "of a server that does not run")
        _ = try await rig.exporter.serve([export])
        #expect(try await rig.exporter.holders(of: export).isEmpty)
    }

    private func death(_ rig: some ExporterRig) async throws {
        let exports = [try await rig.export(1), try await rig.export(2, ["10.0.0.0/8": .readOnly], squash: .all)]
        _ = try await rig.exporter.serve(exports)
        try await rig.killServer()
        await expectCode(.unavailable) { _ = try await rig.exporter.exports() }
        #expect(try await rig.exporter.serve(exports) == .changed)
        try await rig.expectServed(exports)
        #expect(try await rig.exporter.serve(exports) == .unchanged)
    }

    private func atOnce(_ rig: some ExporterRig) async throws {
        _ = try await rig.exporter.serve([])
        var exports: [Export] = []
        for number: UInt16 in 1...6 { exports.append(try await rig.export(number)) }
        let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
            for export in exports { group.addTask { try await rig.exporter.ensure(export) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes == Array(repeating: .changed, count: 6))
        try await rig.expectServed(exports)
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for export in exports.prefix(4) { group.addTask { try await rig.exporter.withdraw(export) } }
            try await group.waitForAll()
        }
        try await rig.expectServed(Array(exports.suffix(2)))
    }
}

extension ExporterRig {
    /// An export of the volume with this number; the same number is the same volume.
    package func export(
        _ number: UInt16, _ clients: [String: Access] = ["127.0.0.1": .readWrite], squash: Squash = .none
    ) async throws -> Export {
        let digits = String(number, radix: 16)
        let padded = String(repeating: "0", count: 12 - digits.count) + digits
        return Export(
            id: try #require(ExportID(number)), fsid: try #require(ExportFSID("5e9f1a70-0000-4000-8000-\(padded)")),
            path: try await mountedPath(number), squash: squash,
            clients: try ClientRule.normalized(
                clients.map { ClientRule(address: try ClientAddress($0.key), access: $0.value) }))
    }

    func expectServed(_ exports: [Export], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let served = try await exporter.exports().sorted { $0.id < $1.id }
        let wanted = exports.map(ObservedExport.init).sorted { $0.id < $1.id }
        #expect(served == wanted, sourceLocation: sourceLocation)
    }
}

/// Expects a `StorageError` of this code.
func expectCode(
    _ code: StorageError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async {
    await #expect(sourceLocation: sourceLocation) {
        try await body()
    } throws: { error in
        (error as? StorageError)?.code == code
    }
}
