import StorageCore

// The values of StorageCore that documents and requests are made of, so that a client imports the wire and nothing
// else.

package typealias Access = StorageCore.Access
package typealias ByteCount = StorageCore.ByteCount
package typealias ClientAddress = StorageCore.ClientAddress
package typealias ClientRule = StorageCore.ClientRule
package typealias FilesystemKind = StorageCore.FilesystemKind
package typealias Namespace = StorageCore.Namespace
package typealias NodeName = StorageCore.NodeName
package typealias Phase = StorageCore.Phase
package typealias PoolName = StorageCore.PoolName
package typealias SnapshotKey = StorageCore.SnapshotKey
package typealias SnapshotName = StorageCore.SnapshotName
package typealias Squash = StorageCore.Squash
package typealias StorageError = StorageCore.StorageError
package typealias VolumeKey = StorageCore.VolumeKey
package typealias VolumeName = StorageCore.VolumeName
package typealias VolumeSource = StorageCore.VolumeSource
