import FoundationEssentials
import Lab
import Testing

/// Losses of power at random moments under load, there and back: most of a minute each.
enum PairKills {
    /// How many; none by default.
    static let count = ProcessInfo.processInfo.environment["CONVERT2NFS_SOAK"].flatMap(Int.init) ?? 0

    /// `first` serves when it begins.
    static func run(_ pair: PairNodes, _ first: Machine, _ second: Machine, _ application: Application) async throws {
        try await application.start("/nfs/shopdata", from: PairNodes.address, options: "nfsvers=3")
        var (primary, standby) = (first, second)
        for number in 1...count {
            try await application.proceed()
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<3000)))
            try await primary.cutPower()
            try await pair.wait(until: standby, is: "primary")
            try await application.proceed()
            try await pair.boot(primary)
            try await pair.wait(until: primary, is: "standby", deadline: .seconds(180))
            print("kill \(number) of \(count): \(standby.spec.name) serves")
            (primary, standby) = (standby, primary)
        }
        let result = try await application.stop()
        #expect(result.errors == "none" && result.lost == 0, "\(result)")
        print(
            "\(result.records) records, \(result.lost) lost, errors \(result.errors), longest call \(result.longest)")
    }
}
