import FoundationEssentials
import Glibc
import HostTools
import StorageCore

/// The files of a pool. Knows names and durability, nothing of capacity or devices. All calls block.
struct LoopDirectory: Sendable {
    let path: String

    func path(_ item: LoopItem, _ role: LoopFileRole) -> String { "\(path)/\(item.stem)\(role.rawValue)" }

    /// Where it says which pool it holds.
    var marker: String { "\(path)/\(LoopMarker.fileName)" }

    /// What is there under an item's name.
    struct State {
        let identity: LoopIdentity?
        let image: FileFacts?
    }

    /// Throws `conflict` if the item's files are not ours, or not of `volume`.
    func state(of item: LoopItem, for volume: VolumeIdentity) throws -> State {
        let state = try state(of: item)
        if let other = state.identity, other.id != volume.id {
            throw StorageError(
                .conflict, "the pool holds \(item.stem) with the id \(other.id), not \(volume.id)",
                resource: item.resource)
        }
        if state.identity == nil, state.image != nil {
            throw StorageError(
                .conflict,
                "\(path(item, .image)) is there without a valid identity file beside it, so it is not touched; "
                    + "move it away if nobody needs it", resource: item.resource)
        }
        return state
    }

    func state(of item: LoopItem) throws -> State {
        State(identity: try identity(of: item), image: try FileFacts.of(path(item, .image)))
    }

    private func identity(of item: LoopItem) throws -> LoopIdentity? {
        try DurableFile.read(path(item, .identity), limit: LoopIdentity.sizeLimit)
            .flatMap { LoopIdentity($0, of: item) }
    }

    /// Ensures the identity is there; it may not be durable before `sync`.
    func ensureIdentity(_ identity: LoopIdentity) throws {
        let target = path(identity.item, .identity)
        let bytes = try identity.encoded()
        guard try DurableFile.read(target, limit: LoopIdentity.sizeLimit) != bytes else { return }
        try DurableFile.write(bytes, to: target, syncsDirectory: false)
    }

    func sync() throws { try DurableFile.syncDirectory(of: "\(path)/.") }

    /// Ensures nothing is left of the item, the identity last. True if something was.
    func remove(_ item: LoopItem) throws -> Bool {
        var hasChanged = false
        for role in [LoopFileRole.partialImage, .image] {
            hasChanged = try DurableFile.remove(path(item, role), syncsDirectory: false) || hasChanged
        }
        // The image is gone for good before what says whose it was.
        if hasChanged { try sync() }
        for role in [LoopFileRole.partialIdentity, .identity] {
            hasChanged = try DurableFile.remove(path(item, role), syncsDirectory: false) || hasChanged
        }
        if hasChanged { try sync() }
        return hasChanged
    }

    /// What lies in the directory, by item; and what is not ours.
    struct Listing {
        var items: [LoopItem: State] = [:]
        var foreign: [String] = []
    }

    /// Of the pool as a whole, and the one directory that belongs to a filesystem and to nobody else.
    private static let own = [LoopMarker.fileName, LoopMarker.fileName + DurableFile.temporarySuffix, "lost+found"]

    func list() throws -> Listing {
        guard let names = try Directory.names(in: path) else {
            throw StorageError(.unavailable, "the pool's directory \(path) is gone")
        }
        var listing = Listing()
        var found: [LoopItem: Set<LoopFileRole>] = [:]
        for name in names {
            if let file = LoopFileRole.parse(name) {
                found[file.item, default: []].insert(file.role)
            } else if !Self.own.contains(name) {
                listing.foreign.append(name)
            }
        }
        for (item, roles) in found {
            let state = try state(of: item)
            if state.identity != nil {
                listing.items[item] = state
            } else {
                listing.foreign += roles.map { "\(item.stem)\($0.rawValue) (without a valid identity file)" }
            }
        }
        listing.foreign.sort()
        return listing
    }
}
