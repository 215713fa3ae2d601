import NodeAPI
import StorageCore
import TestSupport
import Testing

@testable import convert2nfs

@Suite("Commands against a node")
struct CommandTests {
    private let path = "/v1/volumes/shop/data"
    private let local = "127.0.0.1"

    @Test("a create says whether the volume was made or was there", arguments: [(201, "created"), (200, "unchanged")])
    func create(status: Int, word: String) async throws {
        let reply = ScriptedServer.Reply.json(status, try Samples.json(Samples.volume()))
        let result = try await shown(
            "volume create shop/data --size 10Gi --client 127.0.0.1", ["POST /v1/volumes": [reply]])
        #expect(result.text == "volume shop/data \(word): 10Gi xfs at 127.0.0.1:/nfs/shopdata\n")
        #expect(
            result.calls == [
                #"POST /v1/volumes {"capacityBytes":10737418240,"clients":[{"access":"rw","address":"127.0.0.1"}],"#
                    + #""name":"data","namespace":"shop"}"#
            ])
    }

    @Test("a copy takes from its origin what was not given")
    func copy() async throws {
        let volume = try Samples.json(Samples.volume())
        let result = try await shown(
            "volume create shop/copy --from-volume shop/data --filesystem ext4",
            ["GET \(path)": [.json(200, volume)], "POST /v1/volumes": [.json(201, volume)]])
        #expect(
            result.calls.last
                == #"POST /v1/volumes {"capacityBytes":10737418240,"clients":[],"filesystem":"ext4","name":"copy","#
                + #""namespace":"shop","pool":"default","source":{"volume":{"name":"data","namespace":"shop"}}}"#)
    }

    @Test("volumes are a table, names or the list itself")
    func list() async throws {
        let list = VolumeListDocument(volumes: [try Samples.volume()])
        let replies = ["GET /v1/volumes?limit=500": [ScriptedServer.Reply.json(200, try Samples.json(list))]]
        #expect(
            try await shown("volume list", replies).text == """
                VOLUME      PHASE   SIZE   USED   POOL      FILESYSTEM   CLIENTS   EXPORT                    AGE   CONDITION
                shop/data   ready   10Gi   71Mi   default   xfs          0         127.0.0.1:/nfs/shopdata   5m    ok

                """)
        #expect(try await shown("volume list", as: .name, replies).text == "shop/data\n")
        #expect(try await shown("volume list", as: .json, replies).text.hasPrefix("{\n  \"volumes\" : ["))
        let yaml = try await shown("volume list", as: .yaml, replies).text
        #expect(yaml.hasPrefix("volumes:\n- namespace: shop\n  name: data\n"), "\(yaml)")
    }

    @Test("pools are shown with what lies in them that is not ours, shortened when it is much")
    func pools() async throws {
        let usage = PoolUsage(total: .gibibytes(4), available: .gibibytes(1))
        let foreign = [[], ["home"], ["a", "b", "c", "d", "e"]]
        let pools = try zip(["default", "paas", "thin"], foreign).map { name, foreign in
            PoolDocument(name: try PoolName(name), backend: "lvm", usage: usage, volumes: 3, foreign: foreign)
        }
        let replies = [
            "GET /v1/pools": [ScriptedServer.Reply.json(200, try Samples.json(PoolListDocument(pools: pools)))]
        ]
        #expect(
            try await shown("pool list", replies).text == """
                POOL      BACKEND   SIZE   AVAILABLE   VOLUMES   FOREIGN               CONDITION
                default   lvm       4Gi    1Gi         3         -                     ok
                paas      lvm       4Gi    1Gi         3         home                  ok
                thin      lvm       4Gi    1Gi         3         a, b, c, and 2 more   ok

                """)
    }

    @Test(
        "a rebuilt catalog is told of volume by volume, and what is left makes it a failure", arguments: [true, false])
    func rebuild(isDryRun: Bool) async throws {
        let document = RebuildDocument(
            dryRun: isDryRun,
            restored: [
                .init(
                    key: try VolumeKey("shop", "data"), id: VolumeID(), pool: try PoolName("default"), filesystem: .xfs,
                    capacity: .gibibytes(10), snapshots: [try SnapshotName("monday")])
            ], left: [.init(resource: "volumes/shop/half", pool: try PoolName("default"), reason: "it is half made")])
        let result = try await shown(
            "catalog rebuild\(isDryRun ? " --dry-run" : "")",
            ["POST /v1/catalog/rebuild": [.json(200, try Samples.json(document))]])
        let verb = isDryRun ? "would be restored" : "restored"
        #expect(result.text.hasPrefix("volume shop/data \(verb) (default, xfs, 10Gi, snapshots monday)\n"))
        #expect(result.text.contains("left: volumes/shop/half in the pool default: it is half made\n"))
        #expect(result.text.contains("nobody may mount") == !isDryRun)
        #expect(result.calls == [#"POST /v1/catalog/rebuild {"dryRun":\#(isDryRun)}"#])
        #expect(document.failure == .init(message: "one thing is left as it was", status: .inputOutput))
        #expect(RebuildDocument(dryRun: isDryRun, restored: [], left: []).failure == nil)
    }

    @Test("an adoption says what it does, or would do", arguments: [true, false])
    func adopt(isDryRun: Bool) async throws {
        let key = try VolumeKey("shop", "data")
        let rule = ClientRule(address: try ClientAddress("10.0.0.0/24"), access: .readOnly)
        var document = AdoptionDocument(
            dryRun: isDryRun, changed: true, key: key, id: VolumeID(), pool: try PoolName("default"), filesystem: .xfs,
            capacity: .gibibytes(10), path: MountPath("/nfs/shopdata"), storage: "vg-paas/old", fsid: .number(17),
            squash: .root, clients: [rule], changes: ["10.0.0.0/24: async becomes sync"],
            retired: [.init(file: "/etc/exports", text: "/nfs/shopdata 10.0.0.0/24(ro)")])
        let path = "POST \(path)/adopt"
        let result = try await shown(
            "adopt shop/data --client 10.0.0.0/24=ro\(isDryRun ? " --dry-run" : "")",
            [path: [.json(200, try Samples.json(document))]])
        let (adopted, becomes) = isDryRun ? ("would be adopted", "would become") : ("adopted", "is now")
        #expect(
            result.text.hasPrefix(
                """
                volume shop/data \(adopted): vg-paas/old at /nfs/shopdata (default, xfs, 10Gi)
                clients: 10.0.0.0/24 (ro); squash root; fsid 17, as their file handles have it
                changes: 10.0.0.0/24: async becomes sync
                \(becomes) a comment in /etc/exports: /nfs/shopdata 10.0.0.0/24(ro)

                """))
        #expect(
            result.calls
                == [#"\#(path) {"clients":[{"access":"ro","address":"10.0.0.0/24"}],"dryRun":\#(isDryRun)}"#])
        document.changed = false
        #expect(document.text == "volume shop/data: unchanged")
    }

    @Test("a volume is shown property by property")
    func show() async throws {
        let rule = ClientRule(address: try ClientAddress("10.0.0.0/24"), access: .readOnly)
        let volume = try Samples.json(Samples.volume(clients: [rule]))
        let text = try await shown("volume show shop/data", ["GET \(path)": [.json(200, volume)]]).text
        #expect(text.contains("Size:           10Gi\n"))
        #expect(text.contains("Clients:        10.0.0.0/24 (ro)\n"))
        #expect(text.contains("Source:         -\n"))
        #expect(text.contains("Created:        2023-11-14T22:08:20.000Z (5m ago)\n"))
    }

    @Test("a resize says whether the size is another now", arguments: [(20, "resized: 20Gi"), (10, "unchanged: 10Gi")])
    func resize(gibibytes: Int64, words: String) async throws {
        let before = try Samples.json(Samples.volume())
        let after = try Samples.json(Samples.volume(capacity: .gibibytes(gibibytes)))
        let result = try await shown(
            "volume resize shop/data \(gibibytes)Gi",
            ["GET \(path)": [.json(200, before)], "PATCH \(path)": [.json(200, after)]])
        #expect(result.text == "volume shop/data \(words) xfs at 127.0.0.1:/nfs/shopdata\n")
        #expect(result.calls.last == "PATCH \(path) {\"capacityBytes\":\(gibibytes << 30)}")
    }

    @Test("clients are changed one by one, and what changed is said")
    func clients() async throws {
        let one = ClientRule(address: try ClientAddress("10.0.0.1"), access: .readWrite)
        let two = ClientRule(address: try ClientAddress("10.0.0.0/24"), access: .readOnly)
        let before = try Samples.json(Samples.volume(clients: [one]))
        let between = try Samples.json(Samples.volume(clients: [one, two]))
        let after = try Samples.json(Samples.volume(clients: [two]))
        let result = try await shown(
            "volume clients shop/data --add 10.0.0.0/24=ro --remove 10.0.0.1",
            [
                "GET \(path)": [.json(200, before), .json(200, between), .json(200, after)],
                "PUT \(path)/clients/10.0.0.0%2F24": [.json(200, between)],
                "DELETE \(path)/clients/10.0.0.1": [.text(204, "")],
            ])
        #expect(result.text == "volume shop/data: added 10.0.0.0/24 (ro), removed 10.0.0.1\n")
        #expect(result.calls.contains(#"PUT \#(path)/clients/10.0.0.0%2F24 {"access":"ro"}"#))
    }

    @Test("setting the clients that are there is unchanged, and nobody is an empty list")
    func setClients() async throws {
        let one = ClientRule(address: try ClientAddress("10.0.0.1"), access: .readWrite)
        let some = try Samples.json(Samples.volume(clients: [one]))
        let none = try Samples.json(Samples.volume())
        let same = try await shown(
            "volume clients shop/data --set 10.0.0.1",
            ["GET \(path)": [.json(200, some)], "PATCH \(path)": [.json(200, some)]])
        #expect(same.text == "volume shop/data: unchanged\n")
        let cleared = try await shown(
            "volume clients shop/data --clear",
            ["GET \(path)": [.json(200, some)], "PATCH \(path)": [.json(200, none)]])
        #expect(cleared.text == "volume shop/data: removed 10.0.0.1\n")
        #expect(cleared.calls.last == #"PATCH \#(path) {"clients":[]}"#)
        let shownOnly = try await shown("volume clients shop/data", ["GET \(path)": [.json(200, some)]])
        #expect(shownOnly.text == "CLIENT     ACCESS\n10.0.0.1   rw\n")
        #expect(shownOnly.calls.count == 1)
    }

    @Test("a deletion says whether there was something")
    func delete() async throws {
        let gone = ["DELETE \(path)?snapshots=delete": [ScriptedServer.Reply.text(204, "")]]
        let there = gone.merging(["GET \(path)": [.json(200, try Samples.json(Samples.volume()))]]) { $1 }
        #expect(try await shown("volume delete shop/data --snapshots", there).text == "volume shop/data deleted\n")
        let absent = gone.merging(["GET \(path)": [try Samples.problem(.notFound)]]) { $1 }
        #expect(
            try await shown("volume delete shop/data --snapshots", absent).text
                == "volume shop/data unchanged: it is not there\n")
    }

    @Test("a deletion is forced only if it is said")
    func forcedDeletion() async throws {
        let replies = [
            "GET \(path)": [ScriptedServer.Reply.json(200, try Samples.json(Samples.volume()))],
            "DELETE \(path)?force=true": [.text(204, "")],
        ]
        #expect(try await shown("volume delete shop/data --force", replies).text == "volume shop/data deleted\n")
    }

    @Test("a manifest is printed as it came")
    func manifest() async throws {
        let text = try await shown("volume manifest shop/data", ["GET \(path)/manifest": [.text(200, "---\na: 1\n")]])
            .text
        #expect(text == "---\na: 1\n")
    }

    @Test("a node's error is the command's error")
    func problem() async throws {
        let reply = try Samples.problem(.conflict)
        let error = await #expect(throws: StorageError.self) {
            try await shown("volume create shop/data --size 1Gi", ["POST /v1/volumes": [reply]])
        }
        #expect(error?.code == .conflict)
    }
}
