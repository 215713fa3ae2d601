import StorageCore

/// An error on the wire (RFC 9457). `type` is `about:blank`, so `title` is the status's own phrase (section 4.2.1);
/// what a program decides by is `code`.
package struct ProblemDocument: Hashable, Sendable, Codable {
    package var type: String
    package var title: String
    package var status: Int
    /// What is wrong and what to do.
    package var detail: String
    package var code: StorageError.Code
    package var resource: String?

    /// Leaves the cause out: it is for the node's log.
    package init(_ error: StorageError) {
        type = "about:blank"
        title = error.code.httpStatus.phrase
        status = error.code.httpStatus.number
        detail = error.message
        code = error.code
        resource = error.resource
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.decodeIfPresent(String.self, forKey: .type) ?? "about:blank"
        status = try container.decode(Int.self, forKey: .status)
        title = try container.decodeIfPresent(String.self, forKey: .title) ?? ""
        detail = try container.decodeIfPresent(String.self, forKey: .detail) ?? title
        let name = try container.decodeIfPresent(String.self, forKey: .code) ?? ""
        // A newer server may know codes that this client does not; the status says enough to go on.
        code = StorageError.Code(rawValue: name) ?? StorageError.Code(httpStatus: status)
        resource = try container.decodeIfPresent(String.self, forKey: .resource)
    }
}

extension StorageError {
    /// The error that a server reported.
    package init(_ problem: ProblemDocument) {
        self.init(problem.code, problem.detail, resource: problem.resource)
    }
}

extension StorageError.Code {
    /// The one table of codes and HTTP statuses (RFC 9110, section 15; 423 and 507: RFC 4918, section 11).
    package var httpStatus: (number: Int, phrase: String) {
        switch self {
        case .invalidArgument: (400, "Bad Request")
        case .unauthenticated: (401, "Unauthorized")
        case .permissionDenied: (403, "Forbidden")
        case .notFound: (404, "Not Found")
        case .conflict: (409, "Conflict")
        case .busy: (423, "Locked")
        case .internal: (500, "Internal Server Error")
        case .standby, .unavailable, .cancelled: (503, "Service Unavailable")
        case .outOfCapacity: (507, "Insufficient Storage")
        }
    }

    /// For an answer without a code of ours, such as a proxy's.
    package init(httpStatus status: Int) {
        self =
            switch status {
            case 401, 407: .unauthenticated
            case 403: .permissionDenied
            case 404: .notFound
            case 409: .conflict
            case 423, 429: .busy
            case 400..<500: .invalidArgument
            case 502, 503, 504: .unavailable
            case 507: .outOfCapacity
            default: .internal
            }
    }
}
