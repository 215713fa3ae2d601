import HostTools
import StorageCore

/// Makes a disk of this node its own volume group, one of the same size as the other node's, whose files are replicated. Needs root.
package struct FileSetup: NodeSetup {
    package static let requiredTools: [ToolName] = [.lvm, .blkid]

    private let node: NodeName
    private let group: String
    private let path: String
    private let disk: SetupDisk
    private let lvm: Tool
    private let units: HostUnits
    private let runner: any CommandRunner

    /// `disk` is this node's.
    package init(
        node: NodeName, group: String, disk: String, toolbox: Toolbox, systemctl: Tool?, runner: any CommandRunner
    ) throws(StorageError) {
        self.node = node
        self.group = group
        path = disk
        self.runner = runner
        do throws(HostError) {
            self.disk = SetupDisk(path: disk, blkid: try toolbox.require(.blkid), runner: runner)
            lvm = try toolbox.require(.lvm)
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        units = HostUnits(systemctl: systemctl, runner: runner)
    }

    package func survey() async -> SetupSurvey {
        var survey = SetupSurvey(node: node, isApart: true)
        do throws(StorageError) {
            survey.disk = try disk.size()
            if try await units.isNeeded() { add(.units, to: &survey) }
            if try await hasGroup() { return survey }
            add(.ownGroup, to: &survey)
            if case .other(let words) = try await disk.content() {
                survey.obstacles.append(SetupDisk.refusal(path, words))
            }
        } catch {
            survey.obstacles.append(error.message)
        }
        return survey
    }

    private func add(_ step: SetupStep, to survey: inout SetupSurvey) {
        survey.tasks.append(SetupTask(node: node, step: step, text: text(of: step)))
    }

    package func text(of step: SetupStep) -> String {
        switch step {
        case .units: HostUnits.text
        case .ownGroup: "make the volume group \(group) on \(path), which is empty"
        case .join(let epoch): "join the pair (epoch \(epoch.number))"
        case .resource, .filter, .metadata, .start, .sameData, .group: "nothing"
        }
    }

    package func perform(_ step: SetupStep) async throws(StorageError) {
        switch step {
        case .units: try await units.set()
        case .ownGroup: try await makeGroup()
        case .resource, .filter, .metadata, .start, .sameData, .group, .join: break
        }
    }

    /// Only where nothing is, looked at once more.
    private func makeGroup() async throws(StorageError) {
        if try await hasGroup() { return }
        if case .other(let words) = try await disk.content() {
            throw StorageError(.conflict, SetupDisk.refusal(path, words))
        }
        try await ask(["vgcreate", group, path])
    }

    private func hasGroup() async throws(StorageError) -> Bool {
        let found = try await ask(["vgs", "--noheadings", "--options", "vg_name", "--select", "vg_name=\(group)"])
        return found.contains { !$0.isWhitespace }
    }

    @discardableResult
    private func ask(_ arguments: [String]) async throws(StorageError) -> String {
        do throws(HostError) { return try await runner.output(of: Invocation(lvm, arguments)).text } catch {
            throw StorageError(.unavailable, "\(arguments[0]) of \(group): \(error)")
        }
    }
}
