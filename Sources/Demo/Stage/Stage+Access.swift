import NFSClient

extension Stage {
    func refuseStranger() async throws -> Finding {
        try await network.make()
        let words = try await claimVisits(.isRefused)
        return Finding(
            "\(StrangerNetwork.strangerAddress), in another network namespace, may not mount \(Self.data): NFSv3 and v4",
            details: words)
    }

    func admitStranger() async throws -> Finding {
        let address = StrangerNetwork.strangerAddress
        var lines = try await commandLine("volume", "clients", Self.data, "--add", address)
        try await claimVisits(.isIn)
        lines += try await commandLine("volume", "clients", Self.data, "--remove", address)
        try await claimVisits(.isRefused)
        return Finding(
            "\(address) mounted, wrote and read once it was added, and was refused once it was removed", details: lines)
    }

    /// What the stranger says when it comes over either version; it must end each time with `outcome`.
    @discardableResult
    private func claimVisits(_ outcome: Stranger.Outcome) async throws -> [String] {
        var words: [String] = []
        for version in NFSConnection.Version.allCases {
            var target = try target(Self.data, server: StrangerNetwork.nodeAddress)
            target.version = version
            let (actual, text) = try await network.visit(target)
            try claim(
                actual == outcome, otherwise: "\(actual) instead of \(outcome) over NFSv\(version.rawValue): \(text)")
            words.append("NFSv\(version.rawValue): \(text)")
        }
        return words
    }
}
