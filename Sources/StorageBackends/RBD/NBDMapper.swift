import FoundationEssentials
import HostTools
import RBDWire
import StorageCore

/// rbd-nbd(8): a process for each image, which goes on without the daemon.
struct NBDMapper: ImageMapper {
    private let place: RBDPlace
    private let tool: Tool
    private let runner: any CommandRunner

    init(_ place: RBDPlace, toolbox: Toolbox, runner: any CommandRunner) throws(HostError) {
        self.place = place
        tool = try toolbox.require(.rbdNBD)
        self.runner = runner
    }

    private struct Entry: Decodable {
        let pool: String
        let namespace: String
        let image: String
        let snap: String
        let device: String
    }

    func mappings(_ cluster: RBDConnection?) async throws(StorageError) -> [ImageMapping] {
        let text = try await run(["list-mapped", "--format", "json"], "looking at what is mapped")
        guard let entries = try? JSONDecoder().decode([Entry].self, from: Data(text)) else {
            throw StorageError(.internal, "rbd-nbd list-mapped says what cannot be understood")
        }
        let own = entries.filter {
            $0.pool == place.pool && $0.namespace == place.namespace && ["", "-"].contains($0.snap)
        }
        return own.map { ImageMapping(image: $0.image, device: DevicePath($0.device)) }
    }

    func map(_ image: String, _ cluster: RBDConnection) async throws(StorageError) {
        _ = try await run(
            ["--conf", place.configuration, "--id", place.user, "map", "\(place.path)/\(image)"],
            "mapping \(place.path)/\(image)")
    }

    /// rbd-nbd is killed when it takes too long.
    func settle(_ image: String) async throws(StorageError) {}

    /// It would end below a filesystem that is mounted.
    func unmap(_ mapping: ImageMapping) async throws(StorageError) {
        do throws(HostError) { try BlockDevice.requireUnused(mapping.device.value) } catch {
            throw StorageError(host: error, "unmapping \(mapping.image)")
        }
        _ = try await run(["unmap", mapping.device.value], "unmapping \(mapping.image)")
    }

    private func run(_ arguments: [String], _ action: String) async throws(StorageError) -> [UInt8] {
        do throws(HostError) {
            return try await runner.output(of: Invocation(tool, arguments, deadline: .seconds(30))).standardOutput
        } catch {
            throw StorageError(host: error, action)
        }
    }
}
