/// Puts frames together from what a connection gives, in whatever pieces it comes.
package struct FrameDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    package init() {}

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        buffer.removeFirst(start)
        start = 0
        buffer += bytes
    }

    /// The next whole frame; nil until more bytes come. Throws if what came is no frame.
    package mutating func next() throws(FrameError) -> Frame? {
        var rest = buffer[start...]
        guard rest.count >= 5, let kind = rest.popFirst() else { return nil }
        let length = Int(try rest.takeNumber())
        guard length <= Frame.limit else { throw FrameError(text: "a frame of \(length) bytes") }
        guard rest.count >= length else { return nil }
        start += 5 + length
        return try Frame(kind: kind, payload: rest.prefix(length))
    }
}
