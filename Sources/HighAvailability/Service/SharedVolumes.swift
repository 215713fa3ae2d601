import HostTools
import StorageCore

/// What of the shared storage is mounted on the node that serves. Needs root.
package struct SharedVolumes: Sendable {
    package static let requiredTools: [ToolName] = [.modprobe] + StateVolume.requiredTools

    private let storage: any SharedStorage
    private let state: StateVolume
    private let modprobe: Tool
    private let runner: any CommandRunner

    /// `stateDirectory` is where the service's own volume is mounted.
    package init(
        _ storage: any SharedStorage, stateDirectory: String, toolbox: Toolbox, runner: any CommandRunner
    ) throws(StorageError) {
        self.storage = storage
        self.runner = runner
        do throws(HostError) {
            modprobe = try toolbox.require(.modprobe)
            state = try StateVolume(directory: stateDirectory, toolbox: toolbox, runner: runner)
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
    }

    /// Ensures that the service's own volume is mounted; this node may write.
    package func raise() async throws(StorageError) {
        if try state.isMounted() { return }
        try await state.mount(try await storage.stateDevice().value)
    }

    /// Ensures that nothing of the storage is mounted, wherever. Throws `busy` while something is in use.
    package func lower() async throws(StorageError) {
        var numbers: Set<DeviceNumber> = []
        for device in try await storage.devices() {
            if let number = try? DeviceNumber.ofBlockDevice(device.value) { numbers.insert(number) }
        }
        try await state.unmountAll { mounted throws(HostError) in numbers.contains(mounted) }
    }

    /// Loads what the kernel would load when a node begins to serve, and clients wait.
    package func prepare() async { _ = try? await runner.output(of: Invocation(modprobe, ["-a", "ext4", "xfs"])) }

    /// Ensures that there is the service's own volume, with a filesystem.
    func make() async throws(StorageError) {
        try await storage.make { (device) async throws(StorageError) in try await state.make(on: device.value) }
    }
}
