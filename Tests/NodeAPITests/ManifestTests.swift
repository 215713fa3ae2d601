import StorageCore
import Testing
import Yams

@testable import NodeAPI

@Suite("Manifests")
struct ManifestTests {
    @Test("a manifest is a PersistentVolume and a claim that name each other")
    func golden() throws {
        let service = NFSService(
            server: "192.0.2.10", port: 12049, mountdPort: 20048, mountOptions: ["nfsvers=3", "proto=tcp", "hard"])
        let volume = VolumeDocument(try Samples.volume(), usedBytes: nil, service: service)
        let expected = """
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata:
              name: shop-data-6f1b2c3d
            spec:
              capacity:
                storage: 10Gi
              accessModes:
              - ReadWriteMany
              persistentVolumeReclaimPolicy: Retain
              storageClassName: ""
              claimRef:
                namespace: shop
                name: data
              mountOptions:
              - nfsvers=3
              - proto=tcp
              - hard
              - port=12049
              nfs:
                server: 192.0.2.10
                path: /nfs/shopdata
                readOnly: false
            ---
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata:
              namespace: shop
              name: data
            spec:
              accessModes:
              - ReadWriteMany
              storageClassName: ""
              volumeName: shop-data-6f1b2c3d
              resources:
                requests:
                  storage: 10Gi

            """
        #expect(try Manifest(volume).yaml() == expected)
    }

    @Test(
        "names and sizes that YAML takes for numbers or truths stay strings",
        arguments: [
            "123", "1e3", "no", "true", "null", "0x1f", "0b1", "1-2", "2026-11-23", "y", "0777", "1000", "0o17", "n",
        ])
    func strings(name: String) throws {
        let volume = VolumeDocument(
            try Samples.volume(namespace: name, name: name, path: "/nfs/\(name)\(name)"), usedBytes: nil,
            service: Samples.service)
        let documents = Array(try Yams.compose_all(yaml: try Manifest(volume).yaml()))
        #expect(documents.count == 2)
        let reference = documents[0]["spec"]?["claimRef"]
        #expect(reference?["name"]?.tag == Tag(.str))
        #expect(reference?["name"]?.scalar?.string == name)
        #expect(documents[1]["metadata"]?["namespace"]?.tag == Tag(.str))
        #expect(documents[1]["metadata"]?["namespace"]?.scalar?.string == name)
        #expect(try Manifest(volume).yaml().contains("    name: \"\(name)\"\n"))
        #expect(documents[0]["metadata"]?["name"] == documents[1]["spec"]?["volumeName"])
        #expect(documents[0]["spec"]?["nfs"]?["readOnly"]?.tag == Tag(.bool))
    }

    @Test("a size without a unit is quoted, for Kubernetes wants a string")
    func bareBytes() throws {
        var volume = VolumeDocument(try Samples.volume(), usedBytes: nil, service: Samples.service)
        volume.capacityBytes = ByteCount(314_572_801)
        #expect(try Manifest(volume).yaml().contains("storage: \"314572801\""))
    }

    @Test("volumes whose joined names are the same have different PersistentVolumes")
    func ambiguity() throws {
        var one = VolumeDocument(
            try Samples.volume(namespace: "a-b", name: "c"), usedBytes: nil, service: Samples.service)
        let other = VolumeDocument(
            try Samples.volume(namespace: "a", name: "b-c"), usedBytes: nil, service: Samples.service)
        one.id = try #require(VolumeID("11111111-0000-4000-8000-00000000000a"))
        #expect(Manifest(one).persistentVolumeName != Manifest(other).persistentVolumeName)
    }
}
