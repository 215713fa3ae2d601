import StorageCore

/// Where a face gets the volumes' manager from at each call: a node of a pair has one only while it serves.
package struct ManagerSource: Sendable {
    private let find: @Sendable () throws(StorageError) -> VolumeManager

    /// Of a node that always has it.
    package init(_ manager: VolumeManager) { find = { () throws(StorageError) in manager } }

    /// `find` throws `standby`, and names the node that serves, while there is none.
    package init(find: @escaping @Sendable () throws(StorageError) -> VolumeManager) { self.find = find }

    package var current: VolumeManager { get throws(StorageError) { try find() } }
}
