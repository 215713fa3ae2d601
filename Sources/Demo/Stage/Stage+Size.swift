import NFSClient

extension Stage {
    private static let size: UInt64 = 1 << 30
    /// Of 1 GiB xfs keeps its log (64 MiB) and a reserve (up to 32 MiB, xfs_io(8), resblks), and the tree leaves the
    /// ends of its last blocks unused.
    private static let leastPercent: UInt64 = 85
    /// How far from what statvfs said was left, in percent of it: xfs gives back a little that it held for files that
    /// were just written, and takes a little to know where the new one lies.
    private static let tolerance: UInt64 = 3

    func createSecondVolume() async throws -> Finding {
        let lines = try await commandLine(
            "volume", "create", Self.second, "--size", "256Mi", "--filesystem", "ext4", "--client", Self.client)
        return Finding(
            "\(Self.second): 256 MiB of ext4 on the same node, for a neighbour who goes on working", details: lines)
    }

    /// Fills the first volume to its end while the neighbour works in the second.
    func fill() async throws -> Finding {
        let rest = try await usage(of: Self.data).available
        let isOver = Counter()
        let neighbour = Neighbour(target: try target(Self.second))
        async let slowest = neighbour.work(until: isOver)
        try claim(try await neighbour.rounds.reaches(1), otherwise: "the neighbour never got to work")
        var filler = try await Filler(try target(Self.data))
        self.filler = filler
        let isFull = try await filler.write(atMost: 2 * Self.size)
        self.filler = filler
        let (before, bytes) = (neighbour.rounds.value, tree.byteCount + filler.byteCount)
        // The volume is full now, and stays so while the neighbour does five rounds more.
        let isWorking = try await neighbour.rounds.reaches(before + 5)
        isOver.end()
        let longest = try await slowest
        try claim(isFull, otherwise: "\(Shown.mebibytes(bytes)) fit into 1 GiB")
        try claimIsAtSize(bytes, filler: filler.byteCount, rest: rest)
        try claim(before >= 5 && isWorking, otherwise: "the neighbour did \(before) rounds meanwhile")
        let samples = try await filler.compare()
        return Finding(
            "ENOSPC after \(Shown.mebibytes(bytes)) of files (\(Shown.percent(bytes, of: Self.size)) of 1 GiB; xfs has the rest)",
            details: [
                "\(Shown.mebibytes(rest)) were left, one file took \(Shown.mebibytes(filler.byteCount)); "
                    + "\(samples) MiB of it read back and compared",
                "\(neighbour.rounds.value) times a neighbour wrote, synced and read 256 KiB in \(Self.second) meanwhile, "
                    + "5 of them with \(Self.data) full; the slowest took \(Shown.seconds(longest))",
            ])
    }

    private func claimIsAtSize(_ bytes: UInt64, filler: UInt64, rest: UInt64) throws {
        try claim(
            bytes <= Self.size && bytes * 100 >= Self.size * Self.leastPercent,
            otherwise: "ENOSPC came after \(Shown.mebibytes(bytes))")
        try claim(
            max(filler, rest) - min(filler, rest) <= rest * Self.tolerance / 100,
            otherwise: "ENOSPC came after \(Shown.mebibytes(filler)) of the \(Shown.mebibytes(rest)) that were left")
    }

    /// Grows it under the open file, and writes on where there was no room.
    func grow() async throws -> Finding {
        guard var filler else { throw Untrue("the volume was not filled") }
        let lines = try await commandLine("volume", "resize", Self.data, "2Gi")
        let (isFull, time) = try await timed { try await filler.write(atMost: 256 << 20) }
        self.filler = filler
        try claim(!isFull, otherwise: "the volume is still full")
        let usage = try await usage(of: Self.data)
        try claim(
            usage.total > 1900 << 20 && usage.total <= 2 * Self.size,
            otherwise: "an NFS client sees \(Shown.mebibytes(usage.total)) in a volume of 2 GiB")
        let samples = try await filler.compare()
        await filler.close()
        self.filler = nil
        return Finding(
            "2 GiB; 256 MiB more into the file that stayed open: \(Shown.rate(256 << 20, in: time)); "
                + "\(samples) MiB of it compared", details: lines)
    }
}
