extension Stage {
    func takeSnapshot() async throws -> Finding {
        let lines = try await commandLine("snapshot", "create", Self.snapshot)
        return Finding("\(Self.snapshot), with all that is in the volume now", details: lines)
    }

    func restoreClone() async throws -> Finding {
        let lines = try await commandLine(
            "volume", "create", Self.restored, "--from-snapshot", Self.snapshot, "--client", Self.client)
        return try await compare(Self.restored, "from the clone", details: lines)
    }

    func showManifest() async throws -> Finding {
        let lines = try await commandLine("volume", "manifest", Self.data)
        let target = try target(Self.data)
        let expected = [
            "kind: PersistentVolume", "kind: PersistentVolumeClaim", "server: \(target.server)", "path: \(target.path)",
            "storage: 2Gi", "- port=\(target.nfsPort)",
        ]
        for text in expected {
            try claim(lines.contains { $0.hasSuffix(text) }, otherwise: "the manifest lacks \"\(text)\"")
        }
        return Finding("a PersistentVolume and its claim for \(target.server):\(target.path), 2Gi", details: lines)
    }

    func checkVolumes() async throws -> Finding {
        let lines = try await commandLine("volume", "check", Self.data)
        _ = try await commandLine("volume", "check", Self.restored)
        _ = try await commandLine("volume", "check", Self.second)
        return Finding("3 volumes mounted, written, read back and compared by the command line", details: lines)
    }

    func deleteVolumes() async throws -> Finding {
        var lines = try await commandLine("volume", "delete", Self.data, "--snapshots")
        lines += try await commandLine("volume", "delete", Self.restored)
        lines += try await commandLine("volume", "delete", Self.second)
        let left = try await commandLine("volume", "list", "--output", "name").dropFirst()
        try claim(left.isEmpty, otherwise: "volumes are left: \(left.joined(separator: ", "))")
        return Finding("3 volumes and a snapshot deleted, none is left", details: lines)
    }
}
