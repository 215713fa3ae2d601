import Dispatch
import FoundationEssentials
import Glibc
import RBDWire

/// Reads calls from standard input, and answers each on standard output once it is done. Ends with its input: whoever asked is gone then,
/// and waits for nothing.
final class Server: Sendable {
    private let cluster: Cluster
    /// How many calls are under way at once: each is mostly waiting for the cluster.
    private let slots = DispatchSemaphore(value: 16)

    init(_ cluster: Cluster) { self.cluster = cluster }

    func run() {
        while let line = readLine(strippingNewline: true) {
            guard let call = try? JSONDecoder().decode(RBDCall.self, from: Data(line.utf8)) else { return }
            // It reads on, so that the end of the input is seen whatever hangs.
            DispatchQueue.ofItsOwn.async { [self] in
                slots.wait()
                answer(call)
                slots.signal()
            }
        }
    }

    private func answer(_ call: RBDCall) {
        do throws(RBDFailure) {
            let reply = try reply(
                to: call.request,
                Progress { done, total in Output.write(RBDAnswer(id: call.id, .progress(done: done, total: total))) })
            Output.write(RBDAnswer(id: call.id, .reply(reply)))
        } catch {
            Output.write(RBDAnswer(id: call.id, .failure(error)))
        }
    }

    private func reply(to request: RBDRequest, _ progress: Progress) throws(RBDFailure) -> RBDReply {
        switch request {
        case .probe: _ = try cluster.names()
        case .list(let prefix): return .images(try cluster.list(prefix, progress))
        case .promised(let others): return .number(try cluster.promised(besides: Set(others), progress))
        case .inspect(let image): return .image(try cluster.settled(image))
        case .stored(let image): return .number(try cluster.stored(image, progress))
        case .create(let image, let size, let metadata): try cluster.create(image, size: size, metadata: metadata)
        case .clone(let image, let parent, let snapshot, let metadata):
            try cluster.clone(image, of: parent, snapshot, metadata: metadata)
        case .annotate(let image, let metadata): try cluster.annotate(image, metadata)
        case .rename(let image, let new): try cluster.rename(image, to: new)
        case .resize(let image, let size): try cluster.resize(image, size: size)
        case .takeSnapshot(let image, let snapshot): try cluster.takeSnapshot(image, snapshot)
        case .removeSnapshot(let image, let snapshot): try cluster.removeSnapshot(image, snapshot)
        case .flatten(let image): try cluster.flatten(image, progress)
        case .moveToTrash(let image, let metadata): try cluster.moveToTrash(image, metadata)
        case .purge(let prefix, let mark): return .number(try cluster.purge(prefix, mark, progress))
        case .lockOwners(let image): return .addresses(try cluster.lockOwners(image))
        case .takeLock(let image, let addresses): try cluster.takeLock(image, from: addresses)
        case .block(let address, let seconds): try cluster.block(address, seconds: seconds)
        case .hold(let object, let holder, let seconds): try cluster.hold(object, by: holder, seconds: seconds)
        case .letGo(let object, let holder): try cluster.letGo(object, by: holder)
        case .read(let object): return try cluster.note(in: object)
        case .write(let object, let text, let version): try cluster.write(text, in: object, over: version)
        case .command(let json): return .text(try cluster.command(json))
        case .connection: return .connection(try cluster.connection)
        }
        return .done
    }
}

extension DispatchQueue {
    /// A serial one has a thread of its own while it works. All others share about as many as there are processors, however long these wait.
    static var ofItsOwn: DispatchQueue { DispatchQueue(label: "call") }
}
