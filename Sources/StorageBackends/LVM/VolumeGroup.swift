import HostTools
import StorageCore
import Synchronization

/// The one door to a volume group: LVM locks the whole group for each command, so calls wait here for their turn, and
/// what one of them saw holds until it has done its change. The group may be missing when this is made, and come later.
final class VolumeGroup: Sendable {
    let tools: LVMTools
    private let runner: any CommandRunner
    private let gate = SerialGate()
    private let state = Mutex(State())

    private struct State {
        var devices: [String] = []
        var report: LVMReport?
        var seen: ContinuousClock.Instant?
        /// The logical volume that has a volume's content.
        var places: [VolumeID: Place] = [:]
    }

    /// A logical volume, and what device-mapper has to say its device is.
    struct Place: Sendable, Hashable {
        let name: String
        let uuid: String
    }

    /// `devices` are the group's, if that is known; else they are looked for.
    init(tools: LVMTools, devices: [String] = [], runner: any CommandRunner) {
        self.tools = tools
        self.runner = runner
        state.withLock { $0.devices = devices }
    }

    var names: LVMNames { tools.names }

    /// Runs `body` while no other call of this process is at the group. It must not be nested.
    func exclusively<Value: Sendable>(
        _ body: @escaping @Sendable () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await gate.run(body)
    }

    // MARK: In its turn

    /// What the group holds now. Throws `unavailable` if it, or a disk of it, is not there.
    func look() async throws(StorageError) -> LVMReport {
        var isFresh = devices.isEmpty
        if isFresh {
            if let report = try await firstReport() { return report }
            try await findDevices()
        }
        while true {
            let report = try LVMReport(try await output(tools.report(devices), "reading the volume group"))
            if report.missingDevices == 0 {
                keep(report)
                return report
            }
            // A disk that was added, or came back, is not among those that were found before.
            guard !isFresh else {
                throw StorageError(
                    .unavailable,
                    "\(report.missingDevices) disks of the volume group \(tools.group) are missing; see pvs, and bring "
                        + "them back")
            }
            try await findDevices()
            isFresh = true
        }
    }

    /// What the group held when it was last looked at, if nothing was changed by us since and it is not older than
    /// `age`; else what it holds now.
    func look(notOlderThan age: Duration) async throws(StorageError) -> LVMReport {
        let recent = state.withLock { state in
            state.seen.flatMap { ContinuousClock.now - $0 < age ? state.report : nil }
        }
        if let recent { return recent }
        return try await look()
    }

    /// What a change is of.
    enum Subject {
        case content
        /// Nothing but which volumes are active.
        case activity
        /// Logical volumes with these UUIDs, of which no other is a snapshot, and which are none.
        case removal(Set<String>)
    }

    /// Runs a change. What was seen of the group holds on if it is clear what it is like then: to look at all of it again costs many
    /// times more.
    func change(
        _ action: String, of subject: Subject = .content, _ invocation: (LVMTools, [String]) -> Invocation
    ) async throws(StorageError) {
        if devices.isEmpty { try await findDevices() }
        if case .activity = subject {
            _ = try await output(invocation(tools, devices), action)
            return
        }
        let seen = state.withLock { state in
            defer { state.seen = nil }
            return state.seen
        }
        _ = try await output(invocation(tools, devices), action)
        guard case .removal(let uuids) = subject else { return }
        state.withLock { state in
            guard let report = state.report?.removing(uuids) else { return }
            state.report = report
            state.seen = seen
        }
    }

    /// Runs a change that makes the volume's logical volume. It is added to what was seen of the group, which is many times
    /// cheaper than to look at all of it again.
    func make(
        _ volume: VolumeIdentity, of capacity: ByteCount, in thinPool: String?,
        _ invocation: (LVMTools, [String]) -> Invocation
    ) async throws(StorageError) {
        let (seen, report) = state.withLock { ($0.seen, $0.report) }
        try await change("creating \(volume.key)", invocation)
        let name = names.name(of: volume.key)
        let found: String?
        do throws(HostError) { found = try DeviceMapper.uuid(of: names.device(name).value) } catch {
            throw StorageError(host: error, "looking at the device of \(volume.key)")
        }
        guard let uuid = found.map(Self.logicalVolume) else { return }
        let size = try report.map { report throws(StorageError) in try capacity.roundedUp(to: report.extent) }
        state.withLock { state in
            state.places[volume.id] = Place(name: name, uuid: uuid)
            guard let size else { return }
            state.report = report?.adding(
                .init(volume: volume, name: name, uuid: uuid, size: size, pool: thinPool))
            state.seen = seen
        }
    }

    // MARK: At any time

    /// The device of the volume if it is active, without asking LVM: the device that device-mapper has under the name
    /// must be the very logical volume that was seen to be the volume's.
    func activeDevice(of volume: VolumeID) throws(HostError) -> DevicePath? {
        guard let place = state.withLock({ $0.places[volume] }) else { return nil }
        let device = names.device(place.name)
        guard let uuid = try DeviceMapper.uuid(of: device.value), Self.logicalVolume(uuid) == place.uuid else {
            return nil
        }
        return device
    }

    /// Ensures that what the kernel has of the volumes is found under its names: whoever activated them may not have waited for udev(7).
    func showDevices(of volumes: [VolumeID]) throws(HostError) {
        let places = state.withLock { state in volumes.compactMap { state.places[$0] } }
        try DeviceMapper.ensureLinks(of: places.map { names.deviceMapperName($0.name) })
    }

    /// Of a device's UUID: `LVM-`, the group's 32 characters and the logical volume's 32.
    private static func logicalVolume(_ deviceUUID: String) -> String { String(deviceUUID.suffix(32)) }

    private var devices: [String] { state.withLock { $0.devices } }

    private func keep(_ report: LVMReport) {
        var places: [VolumeID: Place] = [:]
        for volume in report.volumes {
            guard let tags = volume.tags, tags.role == .volume else { continue }
            let uuid = volume.uuid.filter { $0 != "-" }
            places[tags.volume.id] = Place(name: volume.name, uuid: uuid)
        }
        state.withLock { state in
            state.report = report
            state.seen = .now
            state.places = places
        }
    }

    /// What the group holds, and its devices, by one command, which boots wait for. Nil if LVM does not find all of it: why, the
    /// longer way tells.
    private func firstReport() async throws(StorageError) -> LVMReport? {
        let report: LVMReport
        do throws(StorageError) {
            report = try LVMReport(try await output(tools.report([]), "reading the volume group"))
        } catch {
            guard error.code == .internal else { throw error }
            return nil
        }
        guard report.missingDevices == 0, !report.devices.isEmpty else { return nil }
        state.withLock { $0.devices = Set(report.devices).sorted() }
        keep(report)
        return report
    }

    private func findDevices() async throws(StorageError) {
        let text = try await output(tools.findDevices, "looking for the volume group \(tools.group)")
        let rows = try? LVMReport.rows(text)["vg"]
        let devices = (rows ?? []).compactMap { $0["pv_name"] }.filter { $0.hasPrefix("/") }
        guard !devices.isEmpty else {
            throw StorageError(
                .unavailable,
                "there is no volume group \(tools.group) on this node; see vgs, and whether its disks are there")
        }
        state.withLock { $0.devices = Set(devices).sorted() }
    }

    private func output(_ invocation: Invocation, _ action: String) async throws(StorageError) -> [UInt8] {
        do throws(HostError) {
            return try await runner.output(of: invocation).standardOutput
        } catch {
            throw StorageError(host: error, action)
        }
    }
}
