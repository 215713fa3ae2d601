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
            // Makes the files.
            _ = try await transfer(pattern, pairs: 1, bench.client)
            var comparison = Comparison()
            for _ in 0..<bench.runs(7, quick: 1) {
                for pair in try await transfer(pattern, pairs: bench.runs(24, quick: 2), bench.client) {
                    comparison.add(ours: pair.ours, bare: pair.bare)
                }
            }
            findings.rows.append(comparison.row(pattern.name, atLeast: Self.bar))
            findings.notes.append("\(pattern.name): \(comparison.precision)")
        }
        try await bench.client.sh("umount /mnt/ours /mnt/bare")
        try await bench.server.sh("rm /etc/exports\n\(bare.deletion)")
        try await bench.node.convert2nfs("volume delete bench/fio")
        return findings
    }

    /// Bytes a second, past the client's cache, of many short pairs of jobs, one after the other, each pair the other way round than the
    /// last one: an emulated machine is faster and slower from second to second, by more than the bar leaves room for.
    private func transfer(
        _ pattern: Pattern, pairs: Int, _ client: Machine
    ) async throws -> [(ours: Double, bare: Double)] {
        let jobs = (0..<pairs).flatMap { $0.isMultiple(of: 2) ? ["ours", "bare"] : ["bare", "ours"] }
        try await client.write(Array(Self.file(pattern, jobs).utf8), to: "/tmp/jobs.fio")
        let text = try await client.sh("fio --output-format=json /tmp/jobs.fio", deadline: .seconds(240))
        let report = try JSONDecoder().decode(Report.self, from: Data(text.drop { $0 != "{" }.utf8))
        func speeds(_ place: String) -> [Double] {
            report.jobs.filter { $0.jobname == place }.map { Double($0.read.bandwidth + $0.write.bandwidth) }
        }
        return zip(speeds("ours"), speeds("bare")).map { ($0, $1) }
    }

    /// For fio(1): a job file with a job a second.
    private static func file(_ pattern: Pattern, _ jobs: [String]) -> String {
        """
        [global]
        size=64M
        rw=\(pattern.kind)
        bs=\(pattern.block)
        direct=1
        ioengine=psync
        time_based
        runtime=1
        stonewall

        """ + jobs.map { "[\($0)]\nfilename=/mnt/\($0)/data\n" }.joined()
    }

    /// What fio(1) says.
    private struct Report: Decodable {
        struct Direction: Decodable {
            enum CodingKeys: String, CodingKey { case bandwidth = "bw_bytes" }
            let bandwidth: Int64
        }
        struct Job: Decodable {
            let jobname: String
            let read: Direction
            let write: Direction
        }
        let jobs: [Job]
    }
}
