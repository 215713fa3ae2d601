import Catalog
import FoundationEssentials
import Hummingbird
import NodeAPI
import Provisioning
import StorageCore

struct NodeRoutes {
    let managers: ManagerSource
    let facts: NodeFacts

    func add(to router: some RouterMethods<some RequestContext>) {
        router.get("/v1/pools") { request, _ in
            try Query.none(request)
            let pools = try await managers.current.poolStatuses().map { status in
                PoolDocument(
                    name: status.pool.name, backend: status.pool.kind, usage: status.usage, volumes: status.volumes,
                    foreign: status.foreign, copies: status.copies, condition: status.condition)
            }
            return try Reply.document(PoolListDocument(pools: pools))
        }
        router.get("/v1/operations") { request, _ in
            let limit = try Query(request, allowed: ["limit"]).number("limit", in: 1...1000, standard: 100)
            let operations = try await managers.current.operations(limit: limit).map(OperationDocument.init)
            return try Reply.document(OperationListDocument(operations: operations))
        }
        router.get("/v1/operations/{id}") { request, context in
            try Query.none(request)
            let id = OperationID(try context.part("id"))
            return try Reply.document(OperationDocument(await managers.current.operation(id)))
        }
        router.get("/v1/node") { request, _ in
            try Query.none(request)
            return try Reply.document(try await node())
        }
    }

    /// A node of a pair that does not serve knows of no volumes.
    private func node() async throws -> NodeDocument {
        let manager = try? managers.current
        return NodeDocument(
            name: facts.name, version: facts.version, startedAt: Timestamp(facts.startedAt),
            uptimeSeconds: Int64(Date().timeIntervalSince(facts.startedAt)), nfs: facts.nfs, pools: facts.pools,
            volumes: try await manager?.volumeCount())
    }
}
