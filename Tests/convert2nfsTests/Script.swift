import Synchronization
import TestSupport

/// Replies by method and target, in turn.
final class Script: Sendable {
    private let replies: Mutex<[String: [ScriptedServer.Reply]]>

    init(_ replies: [String: [ScriptedServer.Reply]]) { self.replies = Mutex(replies) }

    func reply(to request: ScriptedServer.Request) -> ScriptedServer.Reply {
        replies.withLock { replies in
            let key = "\(request.method) \(request.target)"
            guard let left = replies[key], let next = left.first else {
                return .text(599, "nothing scripted for \(key)")
            }
            if left.count > 1 { replies[key] = Array(left.dropFirst()) }
            return next
        }
    }
}
