import Catalog
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import NodeAPI
import Provisioning
import StorageCore

/// Answers, each kind made in one place.
enum Reply {
    static func document(_ document: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        body(try WireCoder().encode(document), WireCoder.mediaType, status)
    }

    static func text(_ text: String, mediaType: String) -> Response { body(Data(text.utf8), mediaType, .ok) }

    static func problem(_ error: StorageError) throws -> Response {
        let problem = ProblemDocument(error)
        var response = body(
            try WireCoder().encode(problem), WireCoder.problemMediaType, HTTPResponse.Status(code: problem.status))
        if error.code == .unauthenticated { response.headers[.wwwAuthenticate] = "Bearer" }
        return response
    }

    static let nothing = Response(status: .noContent)

    /// 201 for what was made, 200 for what was there, 202 for what goes on.
    static func made<Value>(
        _ work: Work<Value>, _ document: (Value) async throws -> some Encodable
    ) async throws -> Response {
        switch work {
        case .done(let value, let outcome):
            try Reply.document(await document(value), status: outcome == .changed ? .created : .ok)
        case .running(let operation): try running(operation)
        }
    }

    /// 200 with the document, 202 for what goes on.
    static func changed<Value>(
        _ work: Work<Value>, _ document: (Value) async throws -> some Encodable
    ) async throws -> Response {
        switch work {
        case .done(let value, _): try Reply.document(await document(value))
        case .running(let operation): try running(operation)
        }
    }

    /// 204, also for what was gone; 202 for what goes on.
    static func deleted<Value>(_ work: Work<Value>) throws -> Response {
        switch work {
        case .done: nothing
        case .running(let operation): try running(operation)
        }
    }

    private static func running(_ operation: Operation) throws -> Response {
        var response = try document(OperationDocument(operation), status: .accepted)
        response.headers[.location] = "/v1/\(operation.id.resource)"
        return response
    }

    private static func body(_ data: Data, _ mediaType: String, _ status: HTTPResponse.Status) -> Response {
        var buffer = ByteBufferAllocator().buffer(capacity: data.count)
        buffer.writeBytes(data)
        return Response(
            status: status, headers: [.contentType: mediaType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: buffer))
    }
}
