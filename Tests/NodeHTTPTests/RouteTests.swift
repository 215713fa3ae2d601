import HTTPTypes
import NodeAPI
import NodeHTTP
import StorageCore
import TestSupport
import Testing

@Suite("Routes", .tags(.unit))
struct RouteTests {
    private static let shop =
        #"{"namespace": "shop", "name": "data", "size": "1Gi", "clients": [{"address": "10.0.0.1", "access": "rw"}]}"#

    @Test("the daemon says it is well, always in the same words")
    func health() async throws {
        try await API.with { (api) async throws in
            #expect(try await api.ask(.get, "/").text == #"{"health":"ok"}"#)
            #expect(try await api.ask(.get, "/livez").status == 200)
            #expect(try await api.ask(.get, "/readyz").status == 200)
            #expect(try await api.ask(.head, "/readyz").status == 200)
        }
    }

    @Test("a node that is starting is alive, not ready, and changes nothing")
    func starting() async throws {
        try await API.with(isReady: false) { (api) async throws in
            #expect(try await api.ask(.get, "/").status == 200)
            #expect(try await api.ask(.get, "/readyz").status == 503)
            let refused = try await api.ask(.post, "/v1/volumes", Self.shop)
            #expect(refused.status == 503)
            #expect(try refused.document(ProblemDocument.self).code == .unavailable)
        }
    }

    @Test(
        "a node whose NFS server does not serve is alive and not ready, and says why; with the server it is ready again"
    )
    func silentServer() async throws {
        try await API.with { (api) async throws in
            await api.node.exporter.kill()
            api.node.plan.arm(.failsBefore, from: 0, error: StorageError(.unavailable, "it answers nobody"))
            for _ in 1...2 { await #expect(throws: StorageError.self) { try await api.reconciler.pass() } }
            let answer = try await api.ask(.get, "/readyz")
            #expect(answer.status == 503)
            #expect(try answer.document(ProblemDocument.self).detail.contains("it answers nobody"))
            #expect(try await api.ask(.get, "/").text == #"{"health":"ok"}"#)
            #expect(try await api.ask(.get, "/livez").status == 200)
            api.node.plan.disarm()
            try await api.reconciler.pass()
            #expect(try await api.ask(.get, "/readyz").status == 200)
        }
    }

    @Test("a create answers 201, the same again 200, another spec 409, a delete 204, again 204")
    func statuses() async throws {
        try await API.with { (api) async throws in
            let made = try await api.ask(.post, "/v1/volumes", Self.shop)
            #expect(made.status == 201)
            let volume: VolumeDocument = try made.document()
            #expect(volume.phase == .ready)
            #expect(volume.nfs.server == "192.0.2.10")
            #expect(volume.nfs.path == "/nfs/shopdata")
            #expect(try await api.ask(.post, "/v1/volumes", Self.shop).status == 200)
            let other = Self.shop.replacing("1Gi", with: "2Gi")
            #expect(try await api.ask(.post, "/v1/volumes", other).status == 409)
            #expect(try await api.ask(.get, "/v1/volumes/shop/data").status == 200)
            #expect(try await api.ask(.delete, "/v1/volumes/shop/data").status == 204)
            #expect(try await api.ask(.delete, "/v1/volumes/shop/data").status == 204)
            #expect(try await api.ask(.get, "/v1/volumes/shop/data").status == 404)
        }
    }

    @Test(
        "a client is a part of the path, networks and IPv6 included",
        arguments: ["10.0.0.7", "10.1.0.0%2F16", "fd00%3A%3A%2F64", "fd00::1"])
    func clients(_ address: String) async throws {
        try await API.with { (api) async throws in
            _ = try await api.ask(.post, "/v1/volumes", Self.shop)
            let path = "/v1/volumes/shop/data/clients/\(address)"
            let set = try await api.ask(.put, path, #"{"access": "ro"}"#)
            #expect(set.status == 200)
            #expect(try set.document(VolumeDocument.self).nfs.clients.count == 2)
            #expect(try await api.ask(.delete, path).status == 204)
            #expect(try await api.ask(.delete, path).status == 204)
            #expect(
                try await api.ask(.get, "/v1/volumes/shop/data").document(VolumeDocument.self).nfs.clients.count == 1)
        }
    }

    @Test("a lost catalog is rebuilt when that is asked for in so many words")
    func rebuild() async throws {
        try await API.with { (api) async throws in
            let lost = try Sample.identity("shop/lost")
            _ = try await api.node.backend.create(lost, capacity: .mebibytes(64))
            let device = try await api.node.backend.activate(lost)
            _ = try await api.node.filesystem.format(device, as: .ext4, id: lost.id)
            let path = "/v1/catalog/rebuild"
            for body in ["{}", #"{"dryRun": "no"}"#, #"{"dryRun": true, "all": true}"#] {
                #expect(try await api.ask(.post, path, body).status == 400, "\(body)")
            }
            let dry: RebuildDocument = try await api.ask(.post, path, #"{"dryRun": true}"#).document()
            #expect(dry.dryRun && dry.restored.map(\.key) == [lost.key])
            #expect(try await api.ask(.get, "/v1/volumes/shop/lost").status == 404)
            let done: RebuildDocument = try await api.ask(.post, path, #"{"dryRun": false}"#).document()
            #expect(done.restored == dry.restored && done.left.isEmpty)
            #expect(try await api.ask(.get, "/v1/volumes/shop/lost").document(VolumeDocument.self).id == lost.id)
        }
    }

    @Test("a node whose NFS server has nothing to be adopted says so")
    func adopt() async throws {
        try await API.with { (api) async throws in
            let path = "/v1/volumes/shop/old/adopt"
            for body in ["{}", #"{"dryRun": true, "clients": "10.0.0.1"}"#] {
                #expect(try await api.ask(.post, path, body).status == 400, "\(body)")
            }
            let answer = try await api.ask(.post, path, #"{"dryRun": true}"#)
            #expect(answer.status == 503 && answer.text.contains("nfs.server"), "\(answer.text)")
        }
    }

    @Test("snapshots are made, listed, cloned from and deleted")
    func snapshots() async throws {
        try await API.with { (api) async throws in
            _ = try await api.ask(.post, "/v1/volumes", Self.shop)
            #expect(try await api.ask(.post, "/v1/volumes/shop/data/snapshots", #"{"name": "monday"}"#).status == 201)
            #expect(try await api.ask(.post, "/v1/volumes/shop/data/snapshots", #"{"name": "monday"}"#).status == 200)
            let list: SnapshotListDocument = try await api.ask(.get, "/v1/volumes/shop/data/snapshots").document()
            #expect(list.snapshots.map(\.name.value) == ["monday"])
            let clone =
                #"{"namespace": "shop", "name": "clone", "size": "1Gi", "source": {"snapshot": {"namespace": "shop", "volume": "data", "name": "monday"}}}"#
            #expect(try await api.ask(.post, "/v1/volumes", clone).status == 201)
            #expect(try await api.ask(.delete, "/v1/volumes/shop/data").status == 409)
            #expect(try await api.ask(.delete, "/v1/volumes/shop/data?snapshots=delete").status == 204)
            #expect(try await api.ask(.post, "/v1/volumes", clone).status == 200, "the clone outlives its source")
        }
    }

    @Test("a volume that a client holds is not deleted without force, and the client is named")
    func held() async throws {
        try await API.with { (api) async throws in
            _ = try await api.ask(.post, "/v1/volumes", Self.shop)
            let export = try await api.manager.volume(VolumeKey("shop", "data")).export
            await api.node.exporter.hold(export, ExportHolder(client: "10.0.0.7:801", files: ["/a", "/b", "/c", "/d"]))
            let refusal = try await api.ask(.delete, "/v1/volumes/shop/data")
            #expect(refusal.status == 423)
            #expect(refusal.text.contains("10.0.0.7:801 (/a, /b, /c and 1 more)"))
            #expect(try await api.ask(.delete, "/v1/volumes/shop/data?force=yes").status == 400)
            #expect(try await api.ask(.delete, "/v1/volumes/shop/data?force=false").status == 423)
            #expect(try await api.manager.volume(VolumeKey("shop", "data")).phase == .ready)
            #expect(try await api.node.exporter.exports().count == 1)
            #expect(try await api.ask(.delete, "/v1/volumes/shop/data?force=true").status == 204)
        }
    }

    @Test("a list is cut into pages that go on where the last one ended")
    func pages() async throws {
        try await API.with { (api) async throws in
            for index in 0..<5 {
                _ = try await api.ask(
                    .post, "/v1/volumes", #"{"namespace": "shop", "name": "v\#(index)", "size": "300Mi"}"#)
            }
            var names: [String] = []
            var path: String? = "/v1/volumes?limit=2"
            while let asked = path {
                let page: VolumeListDocument = try await api.ask(.get, asked).document()
                names += page.volumes.map(\.name.value)
                path = page.continue.map { "/v1/volumes?limit=2&continue=\($0)" }
            }
            #expect(names == ["v0", "v1", "v2", "v3", "v4"])
        }
    }

    @Test("work that takes long answers 202 with the operation to follow")
    func accepted() async throws {
        try await API.with(patience: .zero) { (api) async throws in
            api.node.plan.arm(.takesLong, at: 0)
            let answer = try await api.ask(.post, "/v1/volumes", Self.shop)
            #expect(answer.status == 202)
            api.node.plan.disarm()
            let operation: OperationDocument = try answer.document()
            #expect(answer.headers[.location] == "/v1/operations/\(operation.id)")
            try await eventually {
                let now: OperationDocument = try await api.ask(.get, "/v1/operations/\(operation.id)").document()
                return now.state == .succeeded
            }
            #expect(try await api.ask(.get, "/v1/volumes/shop/data").document(VolumeDocument.self).phase == .ready)
        }
    }

    @Test("a manifest is YAML, pools, operations and the node are told")
    func looks() async throws {
        try await API.with { (api) async throws in
            _ = try await api.ask(.post, "/v1/volumes", Self.shop)
            let manifest = try await api.ask(.get, "/v1/volumes/shop/data/manifest")
            #expect(manifest.mediaType == "application/yaml")
            #expect(manifest.text.contains("kind: PersistentVolumeClaim"))
            let pools: PoolListDocument = try await api.ask(.get, "/v1/pools").document()
            #expect(pools.pools.map(\.volumes) == [1])
            let operations: OperationListDocument = try await api.ask(.get, "/v1/operations").document()
            #expect(operations.operations.map(\.kind) == ["volume.create"])
            #expect(try await api.ask(.get, "/v1/node").document(NodeDocument.self).volumes == 1)
        }
    }

    @Test("a diagnosis is of what was asked for, as the client that was named sees it")
    func diagnosis() async throws {
        try await API.with { (api) async throws in
            func notes(_ query: String) async throws -> [String] {
                try await api.ask(.get, "/v1/diagnosis\(query)").document(DiagnosisDocument.self).notes
            }
            #expect(try await notes("") == ["-", "-"])
            #expect(try await notes("?volume=shop/data") == ["shop/data", "-"])
            #expect(try await notes("?volume=shop%2Fdata&from=10.0.0.0%2F24") == ["shop/data", "10.0.0.0/24"])
            for query in ["volume=shop", "volume=shop/data/x", "volume=Shop/data", "from=host", "volume="] {
                #expect(try await api.ask(.get, "/v1/diagnosis?\(query)").status == 400, "\(query)")
            }
        }
    }
}
