import Glibc
import HostTools
import RBDWire
import StorageCore
import Synchronization

/// The Ceph pools of a pair of nodes. The service's own small image is mapped with `exclusive`, which the kernel's client does not give away
/// (rbd(8)): so who has its lock is the node that may write. The lock's address is that of the kernel's client, which has all images of
/// that node: to shut it out is to put that address on Ceph's blocklist, after which no OSD takes a write from it, however late it comes.
/// The same goes for the node's own clients of librbd. Which these are, who was shut out, and under which epoch it was opened is in the
/// pair's `SharedRecord`.
package final class RBDShared: SharedStorage {
    private static let size: Int64 = 64 << 20

    package let place: RBDPlace
    let node: NodeName
    let other: NodeName
    private let helper: RBDHelper
    let ledger: SharedLedger
    private let mapper: KernelMapper
    /// Of all pools.
    private let mappers: [KernelMapper]
    private let gate = SerialGate()
    private let members = Mutex<[Member]>([])

    /// A way of this node to the pools, which is to end when it lets go of them.
    private struct Member {
        weak var helper: RBDHelper?
    }

    /// `places` are those of all pools; the first has the service's own image. They have one cluster and one user, and so one client of
    /// the kernel. `secret` is the pair's.
    package init(
        _ places: [RBDPlace], node: NodeName, other: NodeName, secret: String, toolbox: Toolbox
    ) throws(StorageError) {
        guard let place = places.first else { throw StorageError(.internal, "a pair on Ceph has no pool") }
        self.place = place
        self.node = node
        self.other = other
        do throws(HostError) { helper = RBDHelper(try place.companion(toolbox)) } catch {
            throw StorageError(host: error, "opening the Ceph pool \(place.path)")
        }
        ledger = SharedLedger(
            helper, place, pair: [node.value, other.value].sorted().joined(separator: " ") + " " + secret)
        mapper = KernelMapper(place)
        mappers = places.map { KernelMapper($0) }
    }

    private var names: RBDNames { RBDNames(prefix: place.prefix) }
    private var image: String { names.stateName }
    private var path: String { "\(place.path)/\(image)" }

    /// What the pair's nodes hold in turn, kept in the same pool.
    package func lease(seconds: Int, toolbox: Toolbox) throws(StorageError) -> RBDLease {
        try RBDLease(place, holder: node, pair: ledger.pair, seconds: seconds, toolbox: toolbox)
    }

    // MARK: SharedStorage

    package func probe() async throws(StorageError) { try await ask(.probe) }

    /// Ensures that the prefix is this pair's. Throws `conflict` if it is another's.
    package func register() async throws(StorageError) { try await ledger.begin() }

    package func make(
        _ body: @escaping @Sendable (DevicePath) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        try await gate.run { [self] () async throws(StorageError) in
            try await register()
            if try await inspect() == nil {
                try await ask(.create(image: image, size: Self.size, metadata: [:]))
            }
            try await refuseIfInUse()
            let own = try await open(under: .none, as: nil, isForced: true)
            let result: Result<Void, StorageError>
            do throws(StorageError) { result = .success(try await body(own.device)) } catch { result = .failure(error) }
            try await closeAll()
            try result.get()
        }
    }

    /// A node that was lost has its lock for ever, and is not seen any more by its watch (`osd_client_watch_timeout`).
    private func refuseIfInUse() async throws(StorageError) {
        let record = try await ledger.read()
        // What a set-up that was cut off has left.
        if record.owner == nil { try await closeAll() }
        let watchers = try await inspect()?.watchers ?? []
        for owner in try await owners() where watchers.contains(owner) {
            if record.owner == nil, record.node(of: owner) == node.value { continue }
            throw StorageError(.conflict, "\(owner) has \(path), so the pair is in service")
        }
    }

    package func open(under epoch: Epoch, isForced: Bool) async throws(StorageError) {
        try await gate.run { [self] () async throws(StorageError) in
            if let own = try await mapping() { return try await takeUp(own) }
            _ = try await open(under: epoch, as: node, isForced: isForced)
        }
    }

    /// An earlier life of the program has opened it. What that has asked beside the kernel does not come to pass any more. Its lock is the proof
    /// that it is this pair's, if that has another secret since.
    private func takeUp(_ own: ImageMapping) async throws(StorageError) {
        guard try await isHeld(own, in: try await ledger.readAny()) else {
            throw StorageError(
                .unavailable, "this node was shut out of \(path), and has not let go of it yet; it does so by itself")
        }
        let current = Set(await addresses() + (try await mapped().compactMap(\.1.client)))
        try await ledger.change(ledger.hasSameNodes) { [node] record in
            record.expel(record[node].clients.subtracting(current), of: node)
        }
        try await ledger.fenceLeaving()
    }

    /// Maps it for the first time in this life. `owner` is nil for one that does not serve from it.
    private func open(
        under epoch: Epoch, as owner: NodeName?, isForced: Bool
    ) async throws(StorageError) -> ImageMapping {
        let claim = try await claim(epoch, owner, isForced)
        try await ledger.fenceLeaving()
        try await ask(.takeLock(image: image, from: claim.expelled.sorted()))
        let own = try await map()
        do throws(StorageError) { try await confirm(claim, own) } catch {
            try await mapper.unmap(own)
            throw error
        }
        return own
    }

    /// Writes down that this node opens it under the epoch, and whom it shuts out; answers what is written then. One that has stood still meanwhile
    /// finds that something else is written.
    private func claim(
        _ epoch: Epoch, _ owner: NodeName?, _ isForced: Bool
    ) async throws(StorageError) -> SharedRecord {
        let hosts = try await hosts()
        return try await ledger.change({ [ledger] in isForced && ledger.hasSameNodes($0) }) {
            [self] (record) async throws(StorageError) in
            guard record.epoch <= epoch || isForced else {
                throw StorageError(
                    .conflict,
                    "\(path) was opened under the epoch \(record.epoch), which is higher than this node's \(epoch)")
            }
            record[node].hosts.formUnion(hosts)
            for holder in try await owners() { record.expel([holder], of: try owning(holder, record)) }
            for name in [node, other] { record.expel(record[name].clients, of: name) }
            record.epoch = max(record.epoch, epoch)
            record.owner = owner
        }
    }

    private func owning(_ address: String, _ record: SharedRecord) throws(StorageError) -> NodeName {
        guard let name = [node, other].first(where: { $0.value == record.node(of: address) }) else {
            throw StorageError(
                .conflict,
                "\(address) has the lock of \(path), and is neither of the pair's nodes; see who that is (rbd lock ls \(path)), and let it go"
            )
        }
        return name
    }

    /// Nobody has opened it since, and this node's client is written down before anything is written by it.
    private func confirm(_ claim: SharedRecord, _ own: ImageMapping) async throws(StorageError) {
        guard let client = own.client else { throw StorageError(.internal, "the kernel does not say who has \(path)") }
        try await ledger.change { [node, path] record throws(StorageError) in
            guard record.epoch == claim.epoch, record.owner == claim.owner else {
                throw StorageError(.conflict, "\(path) was opened under the epoch \(record.epoch) meanwhile")
            }
            record[node].clients.insert(client)
            record[node].hosts.insert(RBDAddress.host(client))
        }
    }

    package func look() async throws(StorageError) -> SharedHold {
        let record = try await ledger.readAny()
        // Another pair's says nothing of this one.
        let epoch = record.flatMap { $0.pair == ledger.pair ? $0.epoch : nil } ?? .none
        guard let own = try await mapping() else { return SharedHold(.closed, epoch: epoch) }
        return SharedHold(try await isHeld(own, in: record) ? .open : .lost, epoch: epoch)
    }

    /// Whoever takes it writes that down first. The kernel gives its lock up for a moment when it has lost its watch, and takes it again.
    private func isHeld(_ own: ImageMapping, in record: SharedRecord?) async throws(StorageError) -> Bool {
        guard let client = own.client, let record, record.owner == node, record[node].clients.contains(client) else {
            return false
        }
        return try await owners().allSatisfy { $0 == client }
    }

    package func stateDevice() async throws(StorageError) -> DevicePath {
        guard let own = try await mapping() else {
            throw StorageError(.notFound, "this node has not opened \(path)")
        }
        return own.device
    }

    package func devices() async throws(StorageError) -> [DevicePath] { try await mapped().map(\.1.device) }

    package func close() async throws(StorageError) {
        try await gate.run { [self] () async throws(StorageError) in try await closeAll() }
    }

    private func closeAll() async throws(StorageError) {
        let all = try await mapped()
        // From now on none of its helpers is let in. A pool that does not answer is told by whoever opens it next.
        let isDisowned = all.isEmpty ? true : await disown()
        // What they were asked does not come to pass on the other node.
        let isSettled = await abandonMembers()
        for (mapper, mapping) in all where mapping.image != image { try await mapper.unmap(mapping) }
        for (mapper, mapping) in all where mapping.image == image { try await mapper.unmap(mapping) }
        guard !all.isEmpty else { return }
        let kernel = Set(all.compactMap(\.1.client))
        _ = try? await ledger.change { [node] record in
            if record.owner == node { record.owner = nil }
            record[node].clients.subtract(kernel)
            if isDisowned, isSettled { record[node].clients = [] }
            record.expel(record[node].clients, of: node)
        }
    }

    private func disown() async -> Bool {
        do throws(StorageError) {
            try await ledger.change { [node] record in if record.owner == node { record.owner = nil } }
            return true
        } catch {
            return false
        }
    }

    package func readmit() async throws(StorageError) {
        try await gate.run { [self] () async throws(StorageError) in
            guard try await ledger.isBegun() else { return }
            try await ledger.readmit(node, sparing: Set(await addresses() + (try await mapper.clients())))
        }
    }

    // MARK: Parts

    private func hosts() async throws(StorageError) -> Set<String> {
        // It is connected then.
        try await probe()
        return Set(await helper.addresses.map(RBDAddress.host))
    }

    private func owners() async throws(StorageError) -> [String] {
        guard case .addresses(let owners) = try await ask(.lockOwners(image: image)) else { return [] }
        return owners
    }

    private func map() async throws(StorageError) -> ImageMapping {
        guard case .connection(let cluster) = try await ask(.connection) else {
            throw StorageError(.internal, "convert2nfs-rbd does not say how \(place.path) is reached")
        }
        try await mapper.map(image, cluster, isExclusive: true)
        guard let own = try await mapping() else {
            throw StorageError(.unavailable, "\(path) was mapped and has no device; see dmesg")
        }
        return own
    }

    private func mapping() async throws(StorageError) -> ImageMapping? {
        try await mapper.mappings().first { $0.image == image }
    }

    /// What is mapped of the pair's.
    private func mapped() async throws(StorageError) -> [(KernelMapper, ImageMapping)] {
        var found: [(KernelMapper, ImageMapping)] = []
        for mapper in mappers {
            let start = RBDNames(prefix: mapper.place.prefix).start
            for mapping in try await mapper.mappings() where mapping.image.hasPrefix(start) {
                found.append((mapper, mapping))
            }
        }
        return found
    }

    private func inspect() async throws(StorageError) -> RBDImage? {
        do throws(RBDFailure) {
            guard case .image(let image) = try await helper.ask(.inspect(image: image)) else { return nil }
            return image
        } catch  where error.code == ENOENT {
            return nil
        } catch {
            throw StorageError(rbd: error, place)
        }
    }

    @discardableResult
    private func ask(_ request: RBDRequest) async throws(StorageError) -> RBDReply {
        try await helper.ask(request, in: place)
    }

    // MARK: Members

    /// The helper ends when this node lets go of the storage.
    func enroll(_ helper: RBDHelper) {
        members.withLock { members in
            members.removeAll { $0.helper == nil }
            members.append(Member(helper: helper))
        }
    }

    /// Of this life's clients, as the cluster knows them.
    private func addresses() async -> [String] {
        var addresses = await helper.addresses
        for member in members.withLock({ $0 }) { addresses += await member.helper?.addresses ?? [] }
        return addresses
    }

    /// Whether nothing that they were asked can come to pass any more.
    private func abandonMembers() async -> Bool {
        var isSettled = true
        for member in members.withLock({ $0 }) {
            do throws(RBDFailure) { try await member.helper?.abandon() } catch { isSettled = false }
            await member.helper?.end()
        }
        return isSettled
    }
}

/// For the pools.
extension RBDShared {
    /// Writes down that this node may write by these addresses, too, and by `former` ones no more. Throws `conflict` if it has not opened the
    /// storage, or another has since.
    func admit(_ addresses: [String], former: [String] = []) async throws(StorageError) {
        try await ledger.change { [node] record throws(StorageError) in
            guard record.owner == node else {
                throw StorageError(.conflict, "this node has let go of the Ceph pools, or was shut out of them")
            }
            record[node].clients.subtract(former)
            record[node].clients.formUnion(addresses)
        }
    }

    /// Who is on the blocklist, and may have an image's lock yet.
    func shutOut() async throws(StorageError) -> [String] { try await ledger.read().fenced.sorted() }

    /// Ensures that whoever of the other node has one of the volumes' images open is shut out; their watches end a while later. False if somebody
    /// else has it.
    func evict(_ watchers: [String]) async throws(StorageError) -> Bool {
        guard try await look().state == .open else { return false }
        let record = try await ledger.read()
        guard watchers.allSatisfy({ record.node(of: $0) == other.value }) else { return false }
        let news = Set(watchers).subtracting(record[other].fenced)
        guard !news.isEmpty else { return true }
        try await ledger.change { [other] record in record.expel(news, of: other) }
        try await ledger.fenceLeaving()
        return true
    }
}
