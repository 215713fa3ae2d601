import Lab
import NodeAPI

/// What a pool's storage has, as its own tools show it, and how it calls what is ours.
protocol SurveyedStorage: Sendable {
    /// Each with its size in bytes and its device; a snapshot's device is of no interest.
    func look(_ node: Node) async throws -> [SurveyedThing]
    func name(of volume: VolumeDocument) -> String
    func name(of snapshot: SnapshotDocument) -> String
}

struct SurveyedThing: Hashable, Sendable {
    let name: String
    let size: Int64?
    let device: String
}

/// A volume group.
struct SurveyedGroup: SurveyedStorage {
    let name: String

    func look(_ node: Node) async throws -> [SurveyedThing] {
        let text = try await node.machine.sh(
            "lvs --noheadings --nosuffix --units b -o lv_name,lv_size,lv_dm_path \(name)", deadline: .seconds(60))
        return text.split(separator: "\n").map { line in
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            return SurveyedThing(name: words[0], size: Int64(words[1]), device: words[2])
        }
    }

    func name(of volume: VolumeDocument) -> String { "\(volume.namespace).\(volume.name)" }
    func name(of snapshot: SnapshotDocument) -> String {
        "\(snapshot.namespace).\(snapshot.volume)+\(snapshot.name)"
    }
}

/// A pool of Ceph.
struct SurveyedCeph: SurveyedStorage {
    let cluster: CephCluster

    func look(_ node: Node) async throws -> [SurveyedThing] {
        let mapped = try await node.machine.sh(
            "for path in /sys/bus/rbd/devices/*; do [ ! -e $path ] || echo $(cat $path/name) ${path##*/}; done")
        let devices = Dictionary(
            mapped.split(separator: "\n").map { line in
                let words = line.split(separator: " ").map(String.init)
                return (words[0], "/dev/rbd\(words[1])")
            }
        ) { first, _ in first }
        let (images, trash) = (try await cluster.images(), try await cluster.rbd("trash ls --all rbd"))
        let things = images.map { SurveyedThing(name: $0.name, size: $0.size, device: devices[$0.name] ?? "nothing") }
        // What was deleted is on its way.
        return trash.isEmpty ? things : try await look(node, after: trash, things)
    }

    private func look(_ node: Node, after trash: String, _ things: [SurveyedThing]) async throws -> [SurveyedThing] {
        let end = ContinuousClock.now + .seconds(90)
        while ContinuousClock.now < end {
            if try await cluster.rbd("trash ls --all rbd").isEmpty { return things }
            try await Task.sleep(for: .milliseconds(500))
        }
        return things + [SurveyedThing(name: "the trash holds \(trash)", size: nil, device: "nothing")]
    }

    func name(of volume: VolumeDocument) -> String { "convert2nfs.\(volume.namespace).\(volume.name)" }
    func name(of snapshot: SnapshotDocument) -> String {
        "convert2nfs.\(snapshot.namespace).\(snapshot.volume)@convert2nfs.\(snapshot.name)"
    }
}
