import Glibc

/// Tells how far a call of librbd is, at most a few times a second: librbd tells it for each object.
final class Progress {
    private let report: (Int64, Int64) -> Void
    private var last: Int64 = 0
    private static let pause: Int64 = 250_000_000

    init(_ report: @escaping (Int64, Int64) -> Void) { self.report = report }

    func tell(_ done: UInt64, _ total: UInt64) {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let nanoseconds = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
        guard nanoseconds - last >= Self.pause else { return }
        last = nanoseconds
        report(Int64(clamping: done), Int64(clamping: total))
    }

    /// `call` gets what librbd wants of one who follows it.
    func following(
        _ call: (@convention(c) (UInt64, UInt64, UnsafeMutableRawPointer?) -> Int32, UnsafeMutableRawPointer) -> Int32
    ) -> Int32 {
        withExtendedLifetime(self) {
            call(
                { done, total, context in
                    if let context { Unmanaged<Progress>.fromOpaque(context).takeUnretainedValue().tell(done, total) }
                    return 0
                }, Unmanaged.passUnretained(self).toOpaque())
        }
    }
}
