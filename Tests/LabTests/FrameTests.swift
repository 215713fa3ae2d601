import LabWire
import Testing

@Suite("Frames between the lab and a machine")
struct FrameTests {
    private static let frames: [Frame] = [
        .run(arguments: ["/bin/sh", "-c", "a\nb\0c", ""], environment: ["PATH=/bin", "A=ü"]), .input([0, 255, 10]),
        .inputEnd, .output([]), .error(Array("no".utf8)), .exited(0), .exited(255), .signalled(9), .refused(2),
    ]

    @Test("A frame comes out as it went in, in whatever pieces it comes", arguments: [1, 3, 1000])
    func roundTrip(_ piece: Int) throws {
        let bytes = Self.frames.flatMap(\.encoded)
        var decoder = FrameDecoder()
        var found: [Frame] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            decoder.append(bytes[start..<min(start + piece, bytes.count)])
            while let frame = try decoder.next() { found.append(frame) }
        }
        #expect(found == Self.frames)
    }

    @Test(
        "What is no frame is refused",
        arguments: [
            [9, 0, 0, 0, 0], [4, 0, 255, 255, 255], [6, 0, 0, 0, 1, 0], [3, 0, 0, 0, 1, 0],
            [1, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 9],
        ] as [[UInt8]])
    func refused(_ bytes: [UInt8]) {
        var decoder = FrameDecoder()
        decoder.append(bytes)
        #expect(throws: FrameError.self) { try decoder.next() }
    }
}
