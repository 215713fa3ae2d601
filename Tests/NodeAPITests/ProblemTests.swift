import FoundationEssentials
import StorageCore
import Testing

@testable import NodeAPI

@Suite("Problems")
struct ProblemTests {
    @Test("every code has its status, and comes back as itself", arguments: StorageError.Code.allCases)
    func bothWays(code: StorageError.Code) throws {
        let problem = ProblemDocument(StorageError(code, "do that", resource: "volumes/shop/data"))
        let back = StorageError(try WireCoder().decode(ProblemDocument.self, from: WireCoder().encode(problem)))
        #expect(back.code == code)
        #expect(back.message == "do that")
        #expect(back.resource == "volumes/shop/data")
        #expect((400..<600).contains(problem.status))
    }

    @Test(
        "codes have the statuses of the contract",
        arguments: [
            (StorageError.Code.invalidArgument, 400), (.unauthenticated, 401), (.permissionDenied, 403),
            (.notFound, 404), (.conflict, 409), (.busy, 423), (.internal, 500), (.standby, 503), (.unavailable, 503),
            (.cancelled, 503), (.outOfCapacity, 507),
        ])
    func statuses(code: StorageError.Code, status: Int) { #expect(code.httpStatus.number == status) }

    @Test("a problem is the standard's members and ours, and keeps the cause to itself")
    func golden() throws {
        let error = StorageError(.notFound, "no such volume", resource: "volumes/a/b", cause: CancellationError())
        let text = String(decoding: try WireCoder().encode(ProblemDocument(error)), as: UTF8.self)
        #expect(
            text == #"{"code":"notFound","detail":"no such volume","resource":"volumes/a/b","status":404,"#
                + #""title":"Not Found","type":"about:blank"}"#)
    }

    @Test(
        "a problem with a code nobody knows is judged by its status",
        arguments: [
            (400, StorageError.Code.invalidArgument), (401, .unauthenticated), (403, .permissionDenied),
            (404, .notFound), (409, .conflict), (413, .invalidArgument), (423, .busy), (429, .busy), (500, .internal),
            (502, .unavailable), (503, .unavailable), (504, .unavailable), (507, .outOfCapacity),
        ])
    func unknownCode(status: Int, code: StorageError.Code) throws {
        let text = #"{"status": \#(status), "title": "T", "code": "fromTheFuture"}"#
        let problem = try WireCoder().decode(ProblemDocument.self, from: Data(text.utf8))
        #expect(StorageError(problem).code == code)
        #expect(StorageError(problem).message == "T")
    }
}
