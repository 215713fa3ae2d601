import Glibc
import HostTools
import StorageCore
import Testing

extension Trait where Self == ConditionTrait {
    /// Skips what must be root, with that reason.
    package static var requiresRoot: Self {
        .enabled("this test mounts and attaches devices; run it as root") { geteuid() == 0 }
    }

    /// Skips what attaches loop devices where the kernel has none to give.
    package static var requiresLoopDevices: Self {
        .enabled(
            "this test needs loop devices; load the kernel's module \"loop\" and give the container /dev/loop-control"
        ) {
            access("/dev/loop-control", R_OK | W_OK) == 0
        }
    }

    /// Skips what runs tools that are not installed; the reason names them and their packages.
    package static func requires(_ tools: ToolName...) -> Self {
        let missing = tools.filter { name in (try? ToolLocator.ofThisProcess.locate([name])) == nil }
        let packages = Set(missing.map(\.package)).sorted().joined(separator: " ")
        return .disabled(
            if: !missing.isEmpty,
            "this test needs \(missing.map(\.rawValue).joined(separator: ", ")); apt-get install \(packages)"
        )
    }
}

extension ToolLocator {
    /// With the PATH the tests were started with.
    package static var ofThisProcess: ToolLocator {
        ToolLocator(searchPath: getenv("PATH").map { String(cString: $0) } ?? "")
    }
}

extension FilesystemKind {
    /// Whether this process may grow filesystems of this kind while they are mounted; a container's root often may not
    /// grow ext4.
    package var isGrowable: Bool { self == .xfs || ((try? Capabilities.haveSysResource()) ?? false) }
}
