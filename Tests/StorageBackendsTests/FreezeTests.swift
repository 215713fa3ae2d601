import Foundation
import HostTools
import StorageBackends
import StorageCore
import TestSupport
import Testing

@Suite(
    "Freezes that hang", .tags(.integration), .requiresRoot, .requiresLoopDevices,
    .requires(.mkfsXFS, .mkfsExt4, .blkid, .adminXFS))
struct FreezeTests {
    /// A filesystem whose image lies on another one, both mounted. While the outer one is frozen nothing can be written
    /// to the inner one's device, and freezing that hangs in the kernel.
    private func withNested(
        _ body: (_ outer: MountPath, _ inner: MountPath, _ filesystem: LinuxFilesystem, FreezeGuard) async throws ->
            Void
    ) async throws {
        try await StorageFixture.with(.loop) { outer in
            let disk = try outer.identity("disk")
            try await outer.provision(disk, .mebibytes(256), .ext4)
            let path = outer.path(of: disk)
            // Waits for ever instead of for the end of this program.
            let freezeGuard = FreezeGuard(
                tool: Tool(name: "sh", path: "/bin/sh"), arguments: ["-c", "exec sleep 1000"], environment: [:],
                outputFile: "\(outer.root)/guard.out")
            let filesystem = try await LinuxFilesystem.open(
                toolbox: ToolLocator.ofThisProcess.locate(LinuxFilesystem.requiredTools),
                runner: SystemCommandRunner(), stateDirectory: "\(outer.root)/state", freezeGuard: freezeGuard,
                freezeDeadline: .seconds(1))
            let backend = try LoopBackend.open("\(path)/images")
            let (volume, inner) = (try outer.identity("a"), MountPath("\(outer.root)/inner"))
            _ = try await backend.create(volume, capacity: .mebibytes(64))
            let device = try await backend.activate(volume)
            _ = try await filesystem.format(device, as: .ext4, id: volume.id)
            _ = try await filesystem.mount(device, as: .ext4, at: inner)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(path, inner, filesystem, freezeGuard))
            } catch {
                result = .failure(error)
            }
            _ = try FilesystemControl.thaw(path.value)
            try await eventually { (try? await filesystem.thaw(inner)) != nil }
            _ = try await filesystem.unmount(inner)
            _ = try await backend.deactivate(volume)
            try result.get()
        }
    }

    private func code(_ body: () async throws(StorageError) -> Outcome) async -> StorageError.Code? {
        do throws(StorageError) {
            _ = try await body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a freeze that ends after its deadline is taken back, guarded until then, and nothing else is done meanwhile")
    func lateFreeze() async throws {
        try await withNested { outer, inner, filesystem, freezeGuard in
            try Data(repeating: 7, count: 4 << 20).write(to: URL(filePath: "\(inner)/file"))
            #expect(try FilesystemControl.freeze(outer.value))
            #expect(await code { () async throws(StorageError) in try await filesystem.freeze(inner) } == .unavailable)
            #expect(freezeGuard.guarded == [inner.value], "it may still come")
            let begin = ContinuousClock.now
            #expect(await code { () async throws(StorageError) in try await filesystem.freeze(inner) } == .unavailable)
            #expect(await code { () async throws(StorageError) in try await filesystem.thaw(inner) } == .unavailable)
            #expect(ContinuousClock.now - begin < .milliseconds(900), "neither waits behind it")
            #expect(freezeGuard.guarded == [inner.value])
            #expect(try FilesystemControl.thaw(outer.value))
            try await eventually("the late freeze is taken back") { freezeGuard.guarded.isEmpty }
            // Not frozen any more, and what was given up undoes nothing.
            var outcome: Outcome?
            try await eventually {
                outcome = try? await filesystem.freeze(inner); return outcome != nil
            }
            #expect(outcome == .changed)
            #expect(freezeGuard.guarded == [inner.value])
            #expect(try await filesystem.freeze(inner) == .unchanged)
            #expect(try await filesystem.thaw(inner) == .changed)
            #expect(freezeGuard.guarded.isEmpty)
        }
    }
}
