import FoundationEssentials
import StorageCore

package struct OperationID: Hashable, Sendable, Codable, CustomStringConvertible {
    package let value: String

    package init() { value = UUID().uuidString.lowercased() }
    package init(_ value: String) { self.value = value }

    package var description: String { value }
    package var resource: String { "operations/\(value)" }
}

/// What can be changed of a volume that exists.
package struct VolumeSettings: Hashable, Sendable, Codable {
    package var capacity: ByteCount
    package var squash: Squash
    package var clients: [ClientRule]

    package init(capacity: ByteCount, squash: Squash, clients: [ClientRule]) {
        self.capacity = capacity
        self.squash = squash
        self.clients = clients
    }

    package init(of volume: Volume) {
        self.init(capacity: volume.capacity, squash: volume.squash, clients: volume.clients)
    }
}

/// What an operation is to do; with the volume's row it says all that is needed to go on after a crash.
package enum OperationPlan: Hashable, Sendable, Codable {
    case create
    case update(from: VolumeSettings, to: VolumeSettings)
    case delete
    case createSnapshot(SnapshotName)
    case deleteSnapshot(SnapshotName)

    /// As the wire and the log call it.
    package var kind: String {
        switch self {
        case .create: "volume.create"
        case .update: "volume.update"
        case .delete: "volume.delete"
        case .createSnapshot: "snapshot.create"
        case .deleteSnapshot: "snapshot.delete"
        }
    }

    package var snapshot: SnapshotName? {
        switch self {
        case .createSnapshot(let name), .deleteSnapshot(let name): name
        case .create, .update, .delete: nil
        }
    }
}

/// An entry of the journal: what is being done, and how far it is.
package struct Operation: Hashable, Sendable, Identifiable {
    package enum State: String, Sendable, Codable {
        /// Steps before `cursor` are done, the one at `cursor` may be half done.
        case running
        /// Steps after `cursor` are undone, the one at `cursor` may be half undone.
        case undoing
        case succeeded
        case failed
    }

    package struct Failure: Hashable, Sendable, Codable {
        package let code: StorageError.Code
        package let message: String
        package let resource: String?
        package let cause: String?

        package init(_ error: StorageError) {
            code = error.code
            message = error.message
            resource = error.resource
            cause = error.cause
        }

        package var error: StorageError {
            var error = StorageError(code, message, resource: resource)
            error.cause = cause
            return error
        }
    }

    package let id: OperationID
    /// The very volume it works on: a namesake that was made later is none of its business.
    package let volume: VolumeIdentity
    package let plan: OperationPlan
    package var state: State
    package var cursor: Int
    /// Name of the step at the cursor.
    package var step: String
    package var failure: Failure?
    package let startedAt: Date
    package var endedAt: Date?
    /// How far the copy is that runs now, as who asks for the operation is told; the journal does not keep it.
    package var progress: CopyProgress?

    package init(
        id: OperationID = OperationID(), volume: VolumeIdentity, plan: OperationPlan, step: String, startedAt: Date
    ) {
        self.id = id
        self.volume = volume
        self.plan = plan
        state = .running
        cursor = 0
        self.step = step
        self.startedAt = startedAt
    }

    package var subject: VolumeKey { volume.key }
    package var isFinished: Bool { state == .succeeded || state == .failed }

    /// What it works on.
    package var resource: String {
        plan.snapshot.map { SnapshotKey(volume: subject, name: $0).resource } ?? subject.resource
    }
}
