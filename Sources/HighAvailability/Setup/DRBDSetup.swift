import HostTools
import StorageCore

/// Makes a disk of this node one half of a device of DRBD, and on it the volume group of the service. Needs root.
package struct DRBDSetup: NodeSetup {
    package static let requiredTools: [ToolName] =
        DRBDReplication.requiredTools + ReplicatedGroup.requiredTools + [
            .blkid, .drbdmeta,
        ]

    private let place: DRBDResource.Place
    private let hostName: String
    private let resource: DRBDResource
    private let replication: DRBDReplication
    private let group: ReplicatedGroup
    private let disk: SetupDisk
    private let drbdmeta: Tool
    private let filter: LVMFilter
    private let units: HostUnits

    /// `place` is this node's, one of the resource's.
    package init(
        _ resource: DRBDResource, place: DRBDResource.Place, hostName: String, replication: DRBDReplication,
        group: ReplicatedGroup, toolbox: Toolbox, systemctl: Tool?, runner: any CommandRunner
    ) throws(StorageError) {
        self.place = place
        self.hostName = hostName
        self.resource = resource
        self.replication = replication
        self.group = group
        do throws(HostError) {
            disk = SetupDisk(path: place.disk, blkid: try toolbox.require(.blkid), runner: runner)
            drbdmeta = try toolbox.require(.drbdmeta)
            filter = LVMFilter(disk: place.disk, lvm: try toolbox.require(.lvm), runner: runner)
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        units = HostUnits(systemctl: systemctl, runner: runner)
    }

    // MARK: Looking

    package func survey() async -> SetupSurvey {
        var survey = SetupSurvey(node: place.node)
        if hostName != place.node.value {
            survey.obstacles.append(
                "node.name is \(place.node) and the host's name (uname -n) is \"\(hostName)\"; DRBD wants them to be one"
            )
        }
        do throws(StorageError) {
            survey.disk = try disk.size()
            if try !hasResource() { add(.resource, to: &survey) }
            if try await filter.isNeeded() {
                if let obstacle = try await filter.obstacle() { survey.obstacles.append(obstacle) }
                add(.filter, to: &survey)
            }
            if try await units.isNeeded() { add(.units, to: &survey) }
            try await lookAtCopy(&survey)
        } catch {
            survey.obstacles.append(error.message)
        }
        return survey
    }

    private func lookAtCopy(_ survey: inout SetupSurvey) async throws(StorageError) {
        let status = try replication.status()
        if let status, status.disk != "Diskless" {
            survey.copy = status.disk == "Inconsistent" ? .fresh : .data
            return
        }
        switch try await content() {
        case .blank: add(.metadata, to: &survey)
        case .metadata: break
        case .other(let words):
            survey.obstacles.append(SetupDisk.refusal(place.disk, words))
        }
        add(.start, to: &survey)
    }

    private func add(_ step: SetupStep, to survey: inout SetupSurvey) {
        survey.tasks.append(SetupTask(node: place.node, step: step, text: text(of: step)))
    }

    private func content() async throws(StorageError) -> SetupDisk.Content {
        let found = try await disk.content()
        guard case .other = found, try await disk.hasMetadata(drbdmeta, minor: resource.minor) else { return found }
        return .metadata
    }

    /// Throws `conflict` if the file is somebody else's.
    private func hasResource() throws(StorageError) -> Bool {
        let found: [UInt8]?
        do throws(HostError) { found = try DurableFile.read(resource.path, limit: 1 << 20) } catch {
            throw StorageError(.unavailable, "\(resource.path): \(error)")
        }
        guard let found else { return false }
        let text = String(decoding: found, as: UTF8.self)
        if text == resource.text { return true }
        guard text.hasPrefix(DRBDResource.mark) else {
            throw StorageError(
                .conflict,
                "\(resource.path) is not written by convert2nfs; move it away, or name another cluster.replication.resource"
            )
        }
        return false
    }

    package func text(of step: SetupStep) -> String {
        switch step {
        case .resource: "write \(resource.path)"
        case .filter: "keep LVM from \(place.disk), in \(LVMFilter.path)"
        case .units: HostUnits.text
        case .metadata: "write DRBD's metadata on \(place.disk), which is empty"
        case .start: "start DRBD's resource \(resource.name)"
        case .sameData: "count both empty disks as equal, so that nothing has to be copied"
        case .group:
            "make the volume group \(group.group) and the service's own volume \(ReplicatedGroup.stateVolume) in it"
        case .ownGroup: "nothing"
        case .join(let epoch): "join the pair (epoch \(epoch.number))"
        }
    }

    // MARK: Doing

    package func perform(_ step: SetupStep) async throws(StorageError) {
        switch step {
        case .resource: try await writeResource()
        case .filter: try await filter.write()
        case .units: try await units.set()
        case .metadata: try await writeMetadata()
        case .start: try await start()
        case .sameData: try await replication.countAsEqual()
        case .group: try await makeGroup()
        case .ownGroup, .join: break
        }
    }

    private func writeResource() async throws(StorageError) {
        guard try !hasResource() else { return }
        do throws(HostError) {
            try Directory.ensureExists("/etc/drbd.d", mode: 0o755)
            try DurableFile.write(Array(resource.text.utf8), to: resource.path, mode: 0o644)
        } catch {
            throw StorageError(.unavailable, "\(resource.path): \(error)")
        }
        // What a node that serves has open stays as it is.
        if let status = try replication.status(), status.role != .primary { try await replication.adjust() }
    }

    /// Only where nothing is, looked at once more.
    private func writeMetadata() async throws(StorageError) {
        switch try await content() {
        case .metadata: return
        case .blank: try await replication.makeMetadata()
        case .other(let words): throw StorageError(.conflict, "\(place.disk) is not empty: blkid finds \(words)")
        }
    }

    private func start() async throws(StorageError) {
        try await replication.start()
        if try replication.status()?.disk == "Diskless" { try await replication.adjust() }
    }

    private func makeGroup() async throws(StorageError) {
        try await replication.promote(Occasion())
        let making = await Result { () async throws(StorageError) in try await group.make() }
        try await group.lower()
        try await replication.demote()
        try making.get()
    }
}
