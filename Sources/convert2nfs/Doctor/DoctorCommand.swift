import ArgumentParser
import NodeAPI

struct DoctorCommand: NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Find out what is wrong with the node, or with one volume.",
        discussion: """
            Looks at the daemon, its pools, volumes and exports, asks the NFS server as a client does, and reads the \
            firewall's rules. With a volume, it also mounts that over NFS on the node, writes a file, reads it back and \
            removes it. The status is 0 only if nothing is wrong.
            """)

    @Argument(
        help: ArgumentHelp("NAMESPACE/NAME; the whole node without it.", valueName: "volume"), transform: volumeKey)
    var key: VolumeKey?

    @Option(
        help: ArgumentHelp("Look at it as a client of this address does.", valueName: "address"),
        transform: clientAddress)
    var from: ClientAddress?

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    var format: OutputFormat { output.format }
    var activity: String { "examining \(key.map { "volume \($0)" } ?? "the node")" }

    func report(_ context: Context) async throws(StorageError) -> Report {
        do throws(StorageError) {
            return Report(try await context.client.diagnosis(of: key, from: from), status: .inputOutput)
        } catch {
            guard error.code == .unavailable else { throw error }
            return Report(.ofSilentDaemon(error), status: .unavailable)
        }
    }
}

extension Report {
    /// Ends with `status` unless all is well.
    fileprivate init(_ diagnosis: DiagnosisDocument, status: ExitStatus) {
        let count = diagnosis.findings.count
        let failure = Failure(message: count == 1 ? "one thing is wrong" : "\(count) things are wrong", status: status)
        self.init(
            diagnosis, text: diagnosis.text, names: diagnosis.findings.map(\.check),
            failure: diagnosis.healthy ? nil : failure)
    }
}

extension DiagnosisDocument {
    /// Of the daemon itself only the command line can say this.
    fileprivate static func ofSilentDaemon(_ error: StorageError) -> DiagnosisDocument {
        DiagnosisDocument(
            checked: ["daemon"], omitted: [Omission(check: "all else", reason: "the daemon looks at it")],
            findings: [
                Finding(
                    .daemonSilent, "node", "the daemon does not answer; what was mounted and exported is served on",
                    evidence: error.message,
                    remedy:
                        "on the node: systemctl start convert2nfsd, without systemd convert2nfsd run; why it does not run: "
                        + "journalctl -u convert2nfsd, convert2nfsd --check-config")
            ])
    }

    /// For people.
    var text: String {
        var lines = findings.flatMap(\.lines)
        if healthy { lines.append("nothing is wrong") }
        lines.append("looked at: \(checked.joined(separator: ", "))")
        lines += omitted.map { "not looked at: \($0.check): \($0.reason)" }
        lines += notes.map { "note: \($0)" }
        return lines.joined(separator: "\n")
    }
}

extension DiagnosisDocument.Finding {
    fileprivate var lines: [String] {
        ["\(check) (\(subject)): \(message)", "  seen: \(evidence)", "  mend: \(remedy)", ""]
    }
}
