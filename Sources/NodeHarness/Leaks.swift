import FoundationEssentials
import HostTools

/// What a node left behind on the host, as an operator would look for it.
package struct Leaks: Sendable, Equatable, CustomStringConvertible {
    package var mounts: [String]
    package var loopDevices: [String]
    package var processes: [String]
    package var files: [String]

    package var isEmpty: Bool { mounts.isEmpty && loopDevices.isEmpty && processes.isEmpty && files.isEmpty }

    /// Looks for mounts below `directory`, loop devices and processes that use it, and files in the pool and the export
    /// root.
    package init(of node: DaemonNode) throws {
        mounts = try MountTable.current().map(\.mountPoint).filter { $0.hasPrefix("\(node.root)/") }
        loopDevices = Self.loopDevices(below: [node.directory, node.images])
        processes = Self.processes(naming: node.directory)
        files = Self.entries(of: node.images).filter { !Self.isOfThePool($0) } + Self.entries(of: node.root)
    }

    /// What stays in a pool's directory without any volume: what says which pool it is, and what belongs to the
    /// filesystem.
    private static func isOfThePool(_ path: String) -> Bool {
        ["convert2nfs-pool.json", "lost+found"].contains { path.hasSuffix("/\($0)") }
    }

    package var description: String {
        "mounts \(mounts), loop devices \(loopDevices), processes \(processes), files \(files)"
    }

    private static func loopDevices(below directories: [String]) -> [String] {
        entries(of: "/sys/block").filter { entry in
            let file = try? String(contentsOfFile: "\(entry)/loop/backing_file", encoding: .utf8)
            return file.map { text in directories.contains { text.hasPrefix("\($0)/") } } ?? false
        }
    }

    private static func processes(naming directory: String) -> [String] {
        entries(of: "/proc").compactMap { entry in
            guard let data = try? Data(contentsOf: URL(filePath: "\(entry)/cmdline")) else { return nil }
            let arguments = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            let isServer = arguments.first.map { name in
                ["convert2nfsd", "ganesha.nfsd", "dbus-daemon"].contains { name.hasSuffix($0) }
            }
            guard isServer == true, arguments.contains(where: { $0.contains("\(directory)/") }) else { return nil }
            return arguments.joined(separator: " ")
        }
    }

    private static func entries(of directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.sorted().map { "\(directory)/\($0)" }
    }
}
