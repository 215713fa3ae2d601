import HostTools
import StorageCore

/// Makes a pair of two nodes that reach one storage: there is one thing to make, and either may.
package struct SharedSetup: NodeSetup {
    private let node: NodeName
    private let storage: any SharedStorage
    private let volumes: SharedVolumes
    private let units: HostUnits

    package init(
        node: NodeName, storage: any SharedStorage, volumes: SharedVolumes, systemctl: Tool?,
        runner: any CommandRunner
    ) {
        self.node = node
        self.storage = storage
        self.volumes = volumes
        units = HostUnits(systemctl: systemctl, runner: runner)
    }

    package func survey() async -> SetupSurvey {
        // There is one copy, and it counts.
        var survey = SetupSurvey(node: node, copy: .data)
        do throws(StorageError) {
            try await storage.probe()
            if try await units.isNeeded() {
                survey.tasks.append(SetupTask(node: node, step: .units, text: text(of: .units)))
            }
        } catch {
            survey.obstacles.append(error.message)
        }
        return survey
    }

    package func text(of step: SetupStep) -> String {
        switch step {
        case .units: HostUnits.text
        case .group: "make the image of the service's own files in the shared storage, if there is none"
        case .join(let epoch): "join the pair (epoch \(epoch.number))"
        case .resource, .filter, .metadata, .start, .sameData, .ownGroup: "nothing"
        }
    }

    package func perform(_ step: SetupStep) async throws(StorageError) {
        switch step {
        case .units: try await units.set()
        case .group: try await volumes.make()
        case .resource, .filter, .metadata, .start, .sameData, .ownGroup, .join: break
        }
    }
}
