import NodeAPI

/// What a deletion did.
struct Deletion: Encodable, Sendable {
    let kind: String
    let name: String
    /// `deleted`, or `unchanged` if it was not there.
    let outcome: String

    init(kind: String, name: String, wasThere: Bool) {
        self.kind = kind
        self.name = name
        outcome = wasThere ? "deleted" : "unchanged"
    }

    var report: Report {
        let remark = outcome == "unchanged" ? ": it is not there" : ""
        return Report(self, text: "\(kind) \(name) \(outcome)\(remark)", names: [name])
    }
}

/// The node answers 204 to a deletion whether there was something or not; who is told "deleted" wants to know.
func isThere(_ look: () async throws(StorageError) -> Void) async throws(StorageError) -> Bool {
    do {
        try await look()
        return true
    } catch  where error.code == .notFound {
        return false
    }
}
