import BenchReport
import FoundationEssentials
import Lab

/// fio over NFSv3 through our export, against one of a logical volume that is mounted and exported by hand; in turn, served
/// by the same threads from the same disk.
struct TransferRows {
    private static let bar = 0.97

    private struct Pattern {
        let name: String
        /// As fio(1) calls it.
        let kind: String
        let block: String

        static let all = [
            Pattern(name: "1 MiB sequential writes", kind: "write", block: "1M"),
            Pattern(name: "1 MiB sequential reads", kind: "read", block: "1M"),
            Pattern(name: "4 KiB random writes", kind: "randwrite", block: "4k"),
            Pattern(name: "4 KiB random reads", kind: "randread", block: "4k"),
        ]
    }

    func run(on bench: LabBench) async throws -> Findings {
        BenchProgram.say("transfer: fio over our export and one made by hand, in turn")
        let bare = BareVolume(name: "fio", mebibytes: 1024)
        let id = UUID()
        try await bench.server.sh(
            """
            \(LabBench.creation(of: "fio", mebibytes: bare.mebibytes))
            \(bare.filesystem(id))
            echo '\(bare.path) \(MachineSpec.c1.address)(\(BareVolume.options(id)))' >/etc/exports
            exportfs -a
            """)
        try await bench.client.sh(
            """
            mkdir -p /mnt/ours /mnt/bare
            \(LabBench.mount(LabBench.path(of: "fio"), at: "/mnt/ours"))
            \(LabBench.mount(bare.path, at: "/mnt/bare"))
            """)
        var findings = Findings()
        for pattern in Pattern.all {
            var comparison = Comparison()
            // The first of each only makes the file.
            for number in 0...bench.runs(30, quick: 1) {
                let (mine, other) = try await pair(pattern, isOursFirst: number.isMultiple(of: 2), bench.client)
                if number > 0 { comparison.add(ours: mine, bare: other) }
            }
            findings.rows.append(comparison.row(pattern.name, atLeast: Self.bar))
            findings.notes.append("\(pattern.name): \(comparison.spread)")
        }
        try await bench.client.sh("umount /mnt/ours /mnt/bare")
        try await bench.server.sh("rm /etc/exports\n\(bare.deletion)")
        try await bench.node.convert2nfs("volume delete bench/fio")
        return findings
    }

    /// Many short pairs, each the other way round than the last one: an emulated machine is faster and slower from second to second,
    /// by more than the bar leaves room for.
    private func pair(
        _ pattern: Pattern, isOursFirst: Bool, _ client: Machine
    ) async throws -> (ours: Double, bare: Double) {
        guard isOursFirst else {
            let bare = try await transfer(pattern, "/mnt/bare", client)
            return (try await transfer(pattern, "/mnt/ours", client), bare)
        }
        let ours = try await transfer(pattern, "/mnt/ours", client)
        return (ours, try await transfer(pattern, "/mnt/bare", client))
    }

    /// Bytes a second, past the client's cache.
    private func transfer(_ pattern: Pattern, _ directory: String, _ client: Machine) async throws -> Double {
        let text = try await client.sh(
            """
            fio --name=file --directory=\(directory) --filename=data --size=64M --rw=\(pattern.kind) --bs=\(pattern.block) \\
                --direct=1 --ioengine=psync --time_based --runtime=2 --output-format=json
            """, deadline: .seconds(180))
        let report = try JSONDecoder().decode(Report.self, from: Data(text.drop { $0 != "{" }.utf8))
        return Double(report.jobs.map { $0.read.bandwidth + $0.write.bandwidth }.reduce(0, +))
    }

    /// What fio(1) says.
    private struct Report: Decodable {
        struct Direction: Decodable {
            enum CodingKeys: String, CodingKey { case bandwidth = "bw_bytes" }
            let bandwidth: Int64
        }
        struct Job: Decodable {
            let read: Direction
            let write: Direction
        }
        let jobs: [Job]
    }
}
