import Hummingbird
import NodeAPI
import StorageCore

/// Finds out what is wrong: with a volume or, without one, with the whole node; for a client of that address, if there is
/// one. What cannot be looked at is in the document; nothing is thrown.
package typealias Diagnose = @Sendable (VolumeKey?, ClientAddress?) async -> DiagnosisDocument

struct DiagnosisRoute {
    let diagnose: Diagnose

    func add(to router: some RouterMethods<some RequestContext>) {
        router.get("/v1/diagnosis") { request, _ in
            let query = try Query(request, allowed: ["volume", "from"])
            let key = try query["volume"].map(Self.key)
            let client = try query["from"].map { text throws(StorageError) in try ClientAddress(text) }
            return try Reply.document(await diagnose(key, client))
        }
    }

    private static func key(_ text: String) throws(StorageError) -> VolumeKey {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw StorageError(.invalidArgument, "volume=\(text.prefix(80)) is not NAMESPACE/NAME")
        }
        return try VolumeKey(parts[0], parts[1])
    }
}
