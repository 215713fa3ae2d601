import ArgumentParser
import NodeAPI

// How the command line names things; each message says how it is written.

func volumeKey(_ text: String) throws -> VolumeKey {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { throw ValidationError("a volume is written NAMESPACE/NAME, like shop/data") }
    return try usage { () throws(StorageError) in try VolumeKey(parts[0], parts[1]) }
}

func snapshotKey(_ text: String) throws -> SnapshotKey {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts[0].contains("/") else {
        throw ValidationError("a snapshot is written NAMESPACE/NAME@SNAPSHOT, like shop/data@monday")
    }
    let volume = try volumeKey(parts[0])
    return SnapshotKey(volume: volume, name: try usage { () throws(StorageError) in try SnapshotName(parts[1]) })
}

/// `ADDRESS`, which is rw, or `ADDRESS=rw|ro`.
func clientRule(_ text: String) throws -> ClientRule {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let access = parts.count == 1 ? .readWrite : Access(rawValue: parts[1]) else {
        throw ValidationError(
            "the access \"\(parts[1])\" is neither rw nor ro; write ADDRESS, ADDRESS=rw or ADDRESS=ro")
    }
    return ClientRule(address: try clientAddress(parts[0]), access: access)
}

func clientAddress(_ text: String) throws -> ClientAddress {
    try usage { () throws(StorageError) in try ClientAddress(text) }
}

func size(_ text: String) throws -> ByteCount {
    try usage { () throws(StorageError) in try ByteCount(quantity: text) }
}

func namespace(_ text: String) throws -> Namespace { try usage { () throws(StorageError) in try Namespace(text) } }

func poolName(_ text: String) throws -> PoolName { try usage { () throws(StorageError) in try PoolName(text) } }

func nodeName(_ text: String) throws -> NodeName { try usage { () throws(StorageError) in try NodeName(text) } }

func serverAddress(_ text: String) throws -> ServerAddress {
    try usage { () throws(StorageError) in try ServerAddress(text) }
}

func seconds(_ text: String) throws -> Duration {
    guard let seconds = Double(text), seconds > 0, seconds <= 86_400 else {
        throw ValidationError("a timeout is a number of seconds, more than 0 and at most 86400")
    }
    return .milliseconds(Int64((seconds * 1000).rounded(.up)))
}

/// A domain type's refusal as a fault of the command line.
private func usage<Value>(_ make: () throws(StorageError) -> Value) throws -> Value {
    do {
        return try make()
    } catch {
        throw ValidationError(error.message)
    }
}

extension FilesystemKind: ExpressibleByArgument {}
extension Squash: ExpressibleByArgument {}
