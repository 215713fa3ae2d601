import StorageCore
import Yams

/// A PersistentVolume and the PersistentVolumeClaim that binds to it and to nothing else: each names the other
/// (Kubernetes documentation, "Persistent Volumes", "Reserving a PersistentVolume"), the storage class is empty on
/// both, so that no provisioner takes the claim, and the volume is kept when the claim goes.
package struct Manifest: Sendable {
    private let volume: VolumeDocument

    package init(_ volume: VolumeDocument) { self.volume = volume }

    /// `{namespace}-{name}-{first 8 digits of the id}`: PersistentVolumes have no namespace, and `a-b`/`c` and
    /// `a`/`b-c` would share a name without the digits. At most 136 characters; a DNS subdomain, as it must be.
    package var persistentVolumeName: String {
        "\(volume.namespace)-\(volume.name)-\(volume.id.description.prefix(8))"
    }

    /// Two YAML documents, keys in the order people write them. The same document gives the same bytes.
    package func yaml() throws(StorageError) -> String {
        do {
            return try Yams.serialize(nodes: [persistentVolume, claim], explicitStart: true)
        } catch {
            throw StorageError(.internal, "the manifest could not be written as YAML", cause: error)
        }
    }

    private var persistentVolume: Node {
        [
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": ["name": label(persistentVolumeName)],
            "spec": [
                "capacity": ["storage": plain(volume.capacityBytes.quantity)],
                "accessModes": ["ReadWriteMany"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": empty,
                "claimRef": [
                    "namespace": label(volume.namespace.value),
                    "name": label(volume.name.value),
                ],
                "mountOptions": Node(volume.nfs.mountOptions.map(plain)),
                "nfs": [
                    "server": plain(volume.nfs.server),
                    "path": plain(volume.nfs.path),
                    "readOnly": Node("false", Tag(.bool)),
                ],
            ],
        ]
    }

    private var claim: Node {
        [
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": [
                "namespace": label(volume.namespace.value),
                "name": label(volume.name.value),
            ],
            "spec": [
                "accessModes": ["ReadWriteMany"],
                "storageClassName": empty,
                "volumeName": label(persistentVolumeName),
                "resources": ["requests": ["storage": plain(volume.capacityBytes.quantity)]],
            ],
        ]
    }

    /// A string for every reader: a namespace may be called `123`, `no` or `1e3`, and readers of YAML 1.1, kubectl's
    /// among them, know more such words (`y`, `0o17`) than the library here.
    private func label(_ text: String) -> Node {
        let isUnmistakable = text.utf8.count > 1 && text.first?.isLetter == true
        return isUnmistakable ? plain(text) : Node(text, Tag(.str), .doubleQuoted)
    }

    /// A string, in quotes only if YAML would take it for something else.
    private func plain(_ text: String) -> Node {
        Node(text, Tag(.str), Node(text).tag == Tag(.str) ? .any : .doubleQuoted)
    }

    private var empty: Node { Node("", Tag(.str), .doubleQuoted) }
}
