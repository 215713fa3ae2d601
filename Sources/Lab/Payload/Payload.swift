import FoundationEssentials
import HostTools

/// Our programs as a machine sees them in `/opt/convert2nfs`: a small filesystem that is mounted read-only, because to
/// unpack as much would take an emulated processor seconds at every boot.
struct Payload: Sendable {
    let tools: LabTools
    /// Where the programs were built.
    let programs: String
    /// What else is to be there, by its path.
    let others: [String]

    /// Found by their names in each machine.
    static let programs = ["convert2nfsd", "convert2nfs", "convert2nfs-rbd"]

    /// Makes the filesystem in `image`; machines that run keep the one they started with. Debug programs bring Swift's
    /// libraries along, which they also look for beside themselves; release programs need none.
    func make(_ image: String) async throws {
        let tree = "\(image).tree"
        try await tools.run(.remove, ["-rf", tree, "\(image).draft"])
        try Directory.ensure(tree, mode: 0o755)
        let ours = (Self.programs + ["convert2nfs-lab-agent"]).map { "\(programs)/\($0)" }
        for path in ours + others {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw HostError.unexpected("there is no \(path); build it first")
            }
            try await tools.run(.strip, ["--strip-debug", "-o", "\(tree)/\(name)", path])
            let libraries = try await libraries(of: path)
            if !libraries.isEmpty { try await tools.run(.copy, ["-Lu"] + libraries + [tree]) }
        }
        try SparseFile.create("\(image).draft", size: 1 << 30)
        try await tools.run(.makeExt4, ["-q", "-t", "ext4", "-O", "^has_journal", "-d", tree, "\(image).draft"])
        try FileManager.default.removeItem(atPath: tree)
        try SparseFile.rename("\(image).draft", to: image)
    }

    /// Those that are not Debian's: ldd(1) names each as `name => path (address)`.
    private func libraries(of program: String) async throws -> [String] {
        try await tools.run(.ldd, [program]).text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 2, words[1] == "=>" else { return nil }
            return ["/lib/", "/usr/lib/", "/lib64/"].contains { words[2].hasPrefix($0) } ? nil : String(words[2])
        }
    }
}
