import Glibc
import HostTools
import Logging
import StorageCore

/// Exports by the kernel's NFS server: a file for each volume in `/etc/exports.d`, so that a boot exports it before the
/// server's threads start, and exportfs(8) for the change itself. What is served is read from etab.
///
/// A path is ours if one of our files names it. On such a path everything is ours, and what is extra goes; exports of
/// other paths are an operator's and are left alone. Needs root.
package struct KernelExporter: Exporter {
    let server: KernelServer
    private let logger: Logger
    private let table: KernelTable
    /// exportfs(8) reads and writes the whole table.
    private let gate = SerialGate()

    package init(server: KernelServer, logger: Logger) {
        self.server = server
        self.logger = logger
        table = KernelTable(files: server.files)
    }

    package func serve(_ exports: [Export]) async throws(StorageError) -> Outcome {
        try await gate.run { () async throws(StorageError) in
            switch try await condition() {
            case .serving:
                let mended = try await server.mendHelpers()
                return mended | (try await correct(exports))
            case .outdated:
                logger.notice("nfsd runs with other settings and is restarted")
                await server.noteRestart()
                try await server.stopThreads()
            case .absent: logger.notice("nfsd is started")
            }
            try await server.prepare()
            try await place(exports)
            try await server.startThreads()
            // What exportfs left out is told with its own words when it is asked again.
            _ = try await correct(exports)
            return .changed
        }
    }

    package func ensure(_ export: Export) async throws(StorageError) -> Outcome {
        try await gate.run { () async throws(StorageError) in
            guard try await server.isRunning() else { throw absent("export \(export.path)") }
            _ = try await server.mendHelpers()
            return try await set(export, table.look())
        }
    }

    package func withdraw(_ export: Export) async throws(StorageError) -> Outcome {
        try await gate.run { () async throws(StorageError) in
            let view = try table.look()
            let wasServed = try await remove(export.id, at: view.heads[export.id]?.path ?? export.path, view)
            return try await server.isRunning() ? wasServed : .unchanged
        }
    }

    package func isRunning() async throws(StorageError) -> Bool { try await server.isRunning() }

    /// The programs beside the server are mended on the way: this is the look that comes every few seconds.
    package func exports() async throws(StorageError) -> [ObservedExport] {
        switch try await condition() {
        case .serving: _ = try await server.mendHelpers()
        case .outdated: throw StorageError(.unavailable, "list the exports: nfsd runs with other settings")
        case .absent: throw absent("list the exports")
        }
        return try table.look().observed
    }

    package func holders(of export: Export) async throws(StorageError) -> [ExportHolder] {
        try onHost("look for the clients of \(export.path)") { () throws(HostError) in
            guard let device = try MountPoint.device(at: export.path.value) else { return [] }
            return try server.control.holders(on: device).map { ExportHolder(client: $0.address, files: $0.files) }
        }
    }

    /// Makes the kernel let go of a path that nobody is served, and that somebody who may not have it keeps asking for. What it lets go
    /// of is free a moment later (RCU), so that whoever unmounts tries again often. Once a second is often enough: see
    /// `KernelControl.lead`.
    package func endRefusals(of path: String) {
        do throws(HostError) {
            try server.control.endRefusals(of: path)
        } catch {
            logger.warning("the NFS server's caches could not be flushed: \(error)", metadata: ["path": "\(path)"])
        }
    }

    /// Withdraws all that is ours, after the server has ended: so clients wait for it, where a server without their exports would tell
    /// them that their files are gone. If somebody else's exports are left, it goes on and tells them that, but not in a pair. Answers
    /// whether it goes on.
    @discardableResult
    package func stop() async throws(StorageError) -> Bool {
        try await gate.run { () async throws(StorageError) in
            let view = try table.look()
            let goesOn = view.hasOthers && server.settings.pair == nil
            if goesOn {
                for id in view.texts.keys.sorted() { _ = try await remove(id, at: view.heads[id]?.path, view) }
            } else {
                try await server.stopThreads()
                try await removeAll(view)
                try await server.stopHelpers()
            }
            return goesOn
        }
    }

    // MARK: What is behind them

    /// A server that runs with other settings, and was restarted for that a short while ago, goes on as it is.
    private func condition() async throws(StorageError) -> KernelServer.Condition {
        let condition = try await server.condition()
        guard condition == .outdated, await !server.mayRestart else { return condition }
        return .serving
    }

    private func absent(_ action: String) -> StorageError {
        StorageError(.unavailable, "\(action): the kernel's NFS server does not run")
    }

    /// Makes a running server serve exactly `exports` of what is ours. One that is refused does not keep the others from being
    /// served; the first refusal is thrown at the end.
    private func correct(_ exports: [Export]) async throws(StorageError) -> Outcome {
        var outcome = try await removeOthers(than: exports)
        var view = try table.look()
        var refusal: StorageError?
        for export in exports {
            do throws(StorageError) {
                guard try await set(export, view) == .changed else { continue }
                outcome = .changed
                // Every look reads all files, and nearly always none has changed.
                view = try table.look()
            } catch {
                if error.code == .unavailable { throw error }
                refusal = refusal ?? error
            }
        }
        if let refusal { throw refusal }
        return outcome
    }

    private func removeOthers(than exports: [Export]) async throws(StorageError) -> Outcome {
        let wanted = Set(exports.map(\.id))
        let view = try table.look()
        var outcome = Outcome.unchanged
        for id in view.texts.keys.sorted() where !wanted.contains(id) {
            let path = view.heads[id]?.path
            logger.notice(
                "withdrawing an export that is not wanted", metadata: ["id": "\(id)", "path": "\(path?.value ?? "")"])
            outcome = outcome | (try await remove(id, at: path, view))
        }
        return outcome
    }

    /// Puts everything into the table in one go, while no thread serves it.
    private func place(_ exports: [Export]) async throws(StorageError) {
        _ = try await removeOthers(than: exports)
        let view = try table.look()
        for export in exports {
            try table.write(export)
            for extra in view.extra(to: export) { try await run(server.tools.withdraw(extra, from: export.path.value)) }
        }
        try await exportFiles()
    }

    /// Fails for any line that cannot be exported, an operator's too, having exported the others: what became of ours, etab
    /// tells.
    private func exportFiles() async throws(StorageError) {
        let output = try await onHost("exportfs") { () async throws(HostError) in
            try await server.runner.run(server.tools.exportFiles)
        }
        guard output.status != .exited(0) else { return }
        logger.warning("exportfs could not export all of /etc/exports and /etc/exports.d: \(output.messageTail)")
    }

    private func set(_ export: Export, _ view: KernelTable.View) async throws(StorageError) -> Outcome {
        if let twin = view.heads.values.first(where: { $0.path == export.path && $0.id != export.id }) {
            throw StorageError(.internal, "export \(export.path): it is exported already, as number \(twin.id)")
        }
        if let head = view.heads[export.id], head.path != export.path {
            _ = try await remove(export.id, at: head.path, view)
        }
        let wasWritten = try table.write(export)
        let served = view.tab.entries(at: export.path.value)
        let missing = export.kernelRules.filter { rule in !served.contains { $0.rule == rule } }
        let extra = view.extra(to: export)
        let isInOrder = served.compactMap(\.rule).areInOrder
        guard !missing.isEmpty || !extra.isEmpty || !isInOrder else { return wasWritten }
        // Nobody who may have it is refused for a moment, whatever else it is exported to.
        try await add(missing, to: export)
        // The operator's lines, if any are left, come with ours.
        let wanted = Set(export.kernelRules.map(\.client))
        try await withdraw(table.served(at: export.path).map(\.client).filter { !wanted.contains($0) }, from: export)
        // To exportfs(8) addresses of one host are one client, and what one loses the other may lose too.
        let left = Set(try table.served(at: export.path).compactMap(\.rule))
        try await add(export.kernelRules.filter { !left.contains($0) }, to: export)
        let found = try table.served(at: export.path)
        let rules = found.compactMap(\.rule)
        guard rules.count == found.count, Set(rules) == Set(export.kernelRules), rules.areInOrder else {
            throw StorageError(
                .internal, "export \(export.path): exportfs made something else of it; see \(server.files.tab)")
        }
        return .changed
    }

    /// With a host's name exportfs(8) withdraws its addresses too: they are let in as networks until they are back.
    private func withdraw(_ clients: [String], from export: Export) async throws(StorageError) {
        let path = export.path.value
        let singles =
            clients.contains(where: KernelRule.isHostName) ? export.kernelRules.filter(\.address.isSingle) : []
        for rule in singles { try await run(server.tools.export(rule.network, rule.options, at: path)) }
        for client in clients { try await run(server.tools.withdraw(client, from: path)) }
        for rule in singles { try await run(server.tools.export(rule.client, rule.options, at: path)) }
        for rule in singles { try await run(server.tools.withdraw(rule.network, from: path)) }
    }

    /// What exportfs(8) adds by itself comes before what is there, which would be wrong for a network within which a
    /// narrower one has other access. From the files it comes in their order.
    private func add(_ rules: [KernelRule], to export: Export) async throws(StorageError) {
        guard !rules.isEmpty else { return }
        guard export.kernelRules.reversed().areInOrder else {
            return try await exportFiles()
        }
        for rule in rules {
            try await run(server.tools.export(rule.client, rule.options, at: export.path.value))
        }
    }

    /// No thread runs any more.
    private func removeAll(_ view: KernelTable.View) async throws(StorageError) {
        for id in view.texts.keys.sorted() { _ = try table.remove(id) }
        try await run(server.tools.withdrawAll)
        // Without the kernel's part nothing was ever served.
        guard try await server.isPrepared() else { return }
        try await revoke(view.heads.values.map(\.path.value).sorted())
    }

    /// The file first, so that no boot brings it back; then every client, and what they hold. Without a path, of a file
    /// that somebody has spoiled, there is nothing else to be found.
    private func remove(
        _ id: ExportID, at path: MountPath?, _ view: KernelTable.View
    ) async throws(StorageError) -> Outcome {
        let wasWritten = try table.remove(id)
        guard let path = path?.value else { return wasWritten }
        let served = view.tab.entries(at: path)
        for entry in served { try await run(server.tools.withdraw(entry.client, from: path)) }
        guard try await server.isRunning() else { return wasWritten }
        try await revoke([path])
        return served.isEmpty ? wasWritten : .changed
    }

    /// Ends what clients hold below `paths`, and makes sure that the kernel serves them no more and has forgotten them, so that they can
    /// be unmounted.
    private func revoke(_ paths: [String]) async throws(StorageError) {
        let names = paths.count == 1 ? paths[0] : "\(paths.count) volumes"
        let end = ContinuousClock.now + .seconds(10) + (try leadOfCaches())
        var wasTold = false
        while true {
            let (hadHolders, memory, lead) = try onHost("withdraw \(names)") { () throws(HostError) in
                var (hadHolders, memory) = (false, KernelControl.Memory.none)
                for path in paths {
                    hadHolders = try endHolds(path) || hadHolders
                    memory = max(memory, try server.control.memory(of: path))
                }
                if memory == .expired { try server.control.sweep() }
                return (hadHolders, memory, try server.control.lead())
            }
            if !hadHolders, memory == .none { return }
            guard wasTold else {
                try await run(server.tools.forget)
                wasTold = true
                continue
            }
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(50))) != nil else {
                throw StorageError(
                    .unavailable, "withdraw \(names): the kernel still serves it, or keeps it; ask again")
            }
            // The kernel keeps files open for a while for whoever has just been cut off, until it is told to forget them.
            // A stranger's refusal, of after the last flush, looks as if it had expired, and no sweep takes it.
            let isRefusal = memory == .expired && lead < .seconds(-1)
            if hadHolders || memory == .served || isRefusal { try await run(server.tools.forget) }
        }
    }

    /// How long the caches keep what has expired; no longer than others can be made to wait for their change of exports.
    private func leadOfCaches() throws(StorageError) -> Duration {
        let lead = try onHost("look at the NFS server's caches") { () throws(HostError) in try server.control.lead() }
        return min(.seconds(30), max(.zero, lead))
    }

    /// Whether anybody held anything.
    private func endHolds(_ path: String) throws(HostError) -> Bool {
        // What is not mounted any more, nobody holds.
        guard let device = try MountPoint.device(at: path) else { return false }
        try server.control.releaseLocks(path)
        let holders = try server.control.holders(on: device)
        for holder in holders {
            logger.notice(
                "taking back what an NFSv4 client holds",
                metadata: ["path": "\(path)", "client": "\(holder.address)", "files": "\(holder.files.count)"])
            try server.control.expire(holder)
        }
        return !holders.isEmpty
    }

    private func run(_ invocation: Invocation) async throws(StorageError) {
        try await onHost("exportfs") { () async throws(HostError) in
            try await server.runner.output(of: invocation)
        }
    }
}
