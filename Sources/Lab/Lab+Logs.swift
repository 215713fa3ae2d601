import FoundationEssentials
import HostTools

extension Lab {
    /// Copies what the machines said, and the daemons' logs of those that still answer, into `target`.
    package func keepLogs(in target: String) async throws {
        try Directory.ensure(target, mode: 0o755)
        for machine in machines {
            for kind in ["console", "qemu"] where FileManager.default.fileExists(atPath: machine.file(kind)) {
                try FileManager.default.copyItem(
                    atPath: machine.file(kind), toPath: "\(target)/\(machine.spec.name).\(kind)")
            }
            guard try machine.process()?.isAlive() == true,
                let text = try? await machine.sh("tail -n +1 /var/log/convert2nfs* /var/log/daemon.out 2>&1 || true")
            else { continue }
            try DurableFile.write(Array(text.utf8), to: "\(target)/\(machine.spec.name).log", mode: 0o644)
        }
    }
}
