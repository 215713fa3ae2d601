import HTTPTypes
import Hummingbird
import Logging
import NodeAPI
import StorageCore

/// Errors become problem documents here and nowhere else.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = storageError(error, request)
            let line = "\(request.method) \(request.uri.path): \(problem)"
            switch problem.code {
            case .internal: logger.error("\(line)")
            case .unavailable, .outOfCapacity: logger.warning("\(line)")
            case .invalidArgument, .unauthenticated, .permissionDenied, .notFound, .conflict, .busy, .standby,
                .cancelled:
                logger.info("\(line)")
            }
            return try Reply.problem(problem)
        }
    }

    private func storageError(_ error: any Error, _ request: Request) -> StorageError {
        guard let error = error as? any HTTPResponseError else { return .wrap(error) }
        switch error.status {
        case .notFound, .methodNotAllowed:
            return StorageError(
                .notFound,
                "\(request.method) \(request.uri.path.prefix(200)) is not a route of this API")
        case .contentTooLarge:
            return StorageError(.invalidArgument, "the request's body is larger than \(Body.limit) bytes")
        case let status where (400..<500).contains(status.code):
            return StorageError(.invalidArgument, "the request cannot be understood: \(status.reasonPhrase)")
        case let status: return StorageError(.internal, "\(status)")
        }
    }
}
