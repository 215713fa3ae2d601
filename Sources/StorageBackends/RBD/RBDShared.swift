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
    /// In seconds. The node takes itself off the list when it is back (`readmit`).
    private static let fencedFor: Int64 = 10 * 365 * 86_400
    private static let size: Int64 = 64 << 20

    package let place: RBDPlace
    private let node: NodeName
    private let other: NodeName
    private let identity: String
    private let helper: RBDHelper
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
        identity = [node.value, other.value].sorted().joined(separator: " ") + " " + secret
        do throws(HostError) { helper = RBDHelper(try place.companion(toolbox)) } catch {
            throw StorageError(host: error, "opening the Ceph pool \(place.path)")
        }
        mapper = KernelMapper(place)
        mappers = places.map { KernelMapper($0) }
    }

    private var names: RBDNames { RBDNames(prefix: place.prefix) }
    private var image: String { names.stateName }
    private var object: String { "\(names.start)record" }
    private var path: String { "\(place.path)/\(image)" }

    // MARK: SharedStorage

    package func probe() async throws(StorageError) { try await ask(.probe) }

    package func make() async throws(StorageError) -> DevicePath {
        try await gate.run { [self] () async throws(StorageError) in
            if try await readRecord().record == nil { try await write(SharedRecord(pair: identity), over: "") }
            _ = try await record()
            if try await inspect() == nil {
                try await ask(.create(image: image, size: Self.size, metadata: [:]))
            }
            if let own = try await mapping(), try await holdsLock(own) { return own.device }
            let owners = try await owners()
            guard owners.isEmpty else {
                throw StorageError(
                    .conflict, "\(owners.joined(separator: ", ")) has \(path), so the pair is in service")
            }
            return try await map().device
        }
    }

    package func open(under epoch: Epoch, isForced: Bool) async throws(StorageError) {
        try await gate.run { [self] () async throws(StorageError) in
            if let own = try await mapping() {
                if try await holdsLock(own) { return }
                throw StorageError(
                    .unavailable,
                    "this node was shut out of \(path), and has not let go of it yet; it does so by itself")
            }
            let owners = try await claim(epoch, isForced)
            for owner in owners { try await ask(.breakLock(image: image, owner: owner)) }
            let own = try await map()
            do throws(StorageError) { try await confirm(epoch, own) } catch {
                try await mapper.unmap(own)
                throw error
            }
        }
    }

    /// Writes down that this node opens it under the epoch, and whom it shuts out, and does that. Answers who has the lock still. One that
    /// has stood still meanwhile finds that something else is written.
    private func claim(_ epoch: Epoch, _ isForced: Bool) async throws(StorageError) -> [String] {
        var (record, version) = try await record()
        guard record.epoch <= epoch || isForced else {
            throw StorageError(
                .conflict,
                "\(path) was opened under the epoch \(record.epoch), which is higher than this node's \(epoch)")
        }
        let owners = try await owners()
        let live = try await hosts()
        for owner in owners { record[try owning(owner, record, live)].clients.insert(owner) }
        var shutOut: Set<String> = []
        for name in [node, other] {
            shutOut.formUnion(record[name].clients)
            record.fence(record[name].clients, of: name)
        }
        record.epoch = max(record.epoch, epoch)
        record[node].hosts.formUnion(live)
        try await write(record, over: version)
        for address in shutOut.sorted() { try await ask(.block(address: address, seconds: Self.fencedFor)) }
        return owners
    }

    /// Whose client it is. One at this node's own address is of its life before the last boot.
    private func owning(
        _ address: String, _ record: SharedRecord, _ live: Set<String>
    ) throws(StorageError) -> NodeName {
        let host = RBDAddress.host(address)
        if live.contains(host) { return node }
        if record[other].hosts.contains(host) { return other }
        throw StorageError(
            .conflict,
            "\(address) has the lock of \(path), and is neither of the pair's nodes; see who that is (rbd lock ls \(path)), and let it go"
        )
    }

    /// Nobody has opened it under a higher epoch since, and this node's client is written down before anything is written by it.
    private func confirm(_ epoch: Epoch, _ own: ImageMapping) async throws(StorageError) {
        guard let client = own.client else { throw StorageError(.internal, "the kernel does not say who has \(path)") }
        try await change { [node, path] record throws(StorageError) in
            guard record.epoch <= epoch else {
                throw StorageError(.conflict, "\(path) was opened under the epoch \(record.epoch) meanwhile")
            }
            record[node].clients.insert(client)
            record[node].hosts.insert(RBDAddress.host(client))
        }
    }

    package func isOpen() async throws(StorageError) -> Bool {
        guard let own = try await mapping() else { return false }
        return try await holdsLock(own)
    }

    package func stateDevice() async throws(StorageError) -> DevicePath {
        guard let own = try await mapping() else {
            throw StorageError(.notFound, "this node has not opened \(path)")
        }
        return own.device
    }

    package func devices() async throws(StorageError) -> [DevicePath] { try await mapped().map(\.1.device) }

    package func close() async throws(StorageError) {
        try await gate.run { [self] () async throws(StorageError) in
            // What they were asked does not come to pass on the other node.
            for member in members.withLock({ $0 }) { try? await member.helper?.abandon() }
            let all = try await mapped()
            for (mapper, mapping) in all where mapping.image != image { try await mapper.unmap(mapping) }
            for (mapper, mapping) in all where mapping.image == image { try await mapper.unmap(mapping) }
            guard !all.isEmpty else { return }
            // One that does not answer, or is another pair's, has nothing of this node's any more.
            try? await change { [node] record throws(StorageError) in record[node].clients = [] }
        }
    }

    package func readmit() async throws(StorageError) {
        try await gate.run { [self] () async throws(StorageError) in
            guard try await readRecord().record != nil else { return }
            let fenced = try await record().record[node].fenced
            let inUse = Set(try await mapper.clients())
            let free = fenced.subtracting(inUse)
            for address in free.sorted() {
                try await ask(
                    .command(
                        #"{"prefix": "osd blocklist", "blocklistop": "rm", "addr": "\#(address)", "format": "json"}"#))
            }
            if !free.isEmpty {
                try await change { [node] record throws(StorageError) in record[node].fenced.subtract(free) }
            }
        }
    }

    // MARK: For the pools

    /// The helper ends when this node lets go of the storage.
    func enroll(_ helper: RBDHelper) {
        members.withLock { members in
            members.removeAll { $0.helper == nil }
            members.append(Member(helper: helper))
        }
    }

    /// Writes down that this node may write by these addresses, too.
    func admit(_ addresses: [String]) async throws(StorageError) {
        try await change { [node] record throws(StorageError) in
            guard !record[node].clients.isSuperset(of: addresses) else { return }
            record[node].clients.formUnion(addresses)
        }
    }

    /// Shuts out whoever of the other node has one of the volumes' images open; false if somebody else has.
    func evict(_ watchers: [String]) async throws(StorageError) -> Bool {
        guard try await isOpen() else { return false }
        let hosts = try await record().record[other].hosts
        guard watchers.allSatisfy({ hosts.contains(RBDAddress.host($0)) }) else { return false }
        try await change { [other] record throws(StorageError) in record.fence(Set(watchers), of: other) }
        for address in watchers { try await ask(.block(address: address, seconds: Self.fencedFor)) }
        return true
    }

    // MARK: The record

    private func readRecord() async throws(StorageError) -> (record: SharedRecord?, version: String) {
        guard case .note(let text, let version) = try await ask(.read(object: object)) else { return (nil, "") }
        if text.isEmpty { return (nil, version) }
        guard let record = SharedRecord(text) else {
            throw StorageError(.conflict, "\(object) in the Ceph pool \(place.path) is not written by convert2nfs")
        }
        return (record, version)
    }

    private func record() async throws(StorageError) -> (record: SharedRecord, version: String) {
        let (found, version) = try await readRecord()
        guard let found else {
            throw StorageError(.conflict, "\(path) is not made yet: convert2nfs ha setup")
        }
        guard found.pair == identity else {
            throw StorageError(
                .conflict,
                "the prefix \"\(place.prefix)\" in the Ceph pool \(place.path) is another pair's; give each pair a prefix of its own"
            )
        }
        return (found, version)
    }

    /// `conflict` if something else is written by now.
    private func write(_ record: SharedRecord, over version: String) async throws(StorageError) {
        do throws(RBDFailure) {
            try await helper.ask(.write(object: object, text: record.text, over: version))
        } catch  where error.code == ECANCELED {
            throw StorageError(
                .conflict, "the other node has written to \(object) in the Ceph pool \(place.path) meanwhile")
        } catch {
            throw StorageError(rbd: error, place)
        }
    }

    private static let tries = 10

    /// Changes what is written now, whoever else writes beside.
    private func change(
        _ body: @Sendable (inout SharedRecord) throws(StorageError) -> Void
    ) async throws(StorageError) {
        var refusal = StorageError(.unavailable, "\(object) cannot be written")
        for _ in 0..<Self.tries {
            let (before, version) = try await record()
            var after = before
            try body(&after)
            if after == before { return }
            do throws(StorageError) { return try await write(after, over: version) } catch
                where error.code == .conflict
            {
                refusal = error
            }
        }
        throw refusal
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

    private func holdsLock(_ own: ImageMapping) async throws(StorageError) -> Bool {
        let owners = try await owners()
        return own.client.map { owners == [$0] } ?? false
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
        do throws(RBDFailure) { return try await helper.ask(request) } catch { throw StorageError(rbd: error, place) }
    }
}

/// Addresses of Ceph's clients: `ADDRESS:PORT/NONCE`. Pure.
enum RBDAddress {
    /// Without port and nonce.
    static func host(_ address: String) -> String {
        String(address.prefix(upTo: address.lastIndex(of: ":") ?? address.endIndex))
    }
}
