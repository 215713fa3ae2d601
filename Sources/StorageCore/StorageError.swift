/// The one error of the project. Backends, exporters and use cases throw it; each face (HTTP, CSI, CLI) maps its
/// `code` once. The message is for an operator: what is wrong and what to do.
package struct StorageError: Error, Sendable {
    /// What kind of failure it is; the raw values are the `code` of a problem document on the wire.
    package enum Code: String, Sendable, CaseIterable, Codable {
        /// The request can never succeed as it is.
        case invalidArgument
        /// No or an unknown credential.
        case unauthenticated
        /// A known credential whose role does not allow this.
        case permissionDenied
        case notFound
        /// The name exists with another spec, or something depends on it.
        case conflict
        /// The pool or filesystem has no room for it.
        case outOfCapacity
        /// Something else works on it, or holds it; the same request may succeed later.
        case busy
        /// This node of a pair does not serve; the primary does.
        case standby
        /// A part that is needed (a tool, the NFS server, the pool) does not answer now.
        case unavailable
        case cancelled
        /// A fault of this program or of the host that no other code names.
        case `internal`
    }

    package let code: Code
    package let message: String
    /// What it is about, as a path of the wire contract: `volumes/shop/data`, `pools/default`.
    package var resource: String?
    /// What led to it, outermost first, joined by the thrower; for the log and for a quarantined volume.
    package var cause: String?

    package init(_ code: Code, _ message: String, resource: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.resource = resource
        self.cause = cause.map { "\($0)" }
    }

    /// The same error about `resource`, if it did not name one.
    package func about(_ resource: String) -> StorageError {
        var copy = self
        copy.resource = self.resource ?? resource
        return copy
    }

    /// Any error as a `StorageError`: itself if it is one, `cancelled` for a cancelled task, else `internal`.
    package static func wrap(_ error: any Error) -> StorageError {
        switch error {
        case let error as StorageError: error
        case is CancellationError: StorageError(.cancelled, "the work was cancelled")
        default: StorageError(.internal, "\(error)")
        }
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        let subject = resource.map { "\($0): " } ?? ""
        let reason = cause.map { " (caused by: \($0))" } ?? ""
        return "\(subject)\(message)\(reason) [\(code.rawValue)]"
    }
}
