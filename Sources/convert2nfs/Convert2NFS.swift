import ArgumentParser
import NodeAPI

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The command line: a client of a node's REST API, and nothing else.
@main
struct Convert2NFS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert2nfs",
        abstract: "Turn block storage into shared NFS volumes: the command line of a convert2nfs node.",
        discussion: """
            Results go to standard output, errors to standard error as "convert2nfs: ...". Exit statuses are those of \
            sysexits.h: 64 usage, 65 refused, 66 not found, 69 unavailable, 70 fault, 73 conflict, 74 no room or a failed check, \
            75 try again later, 77 not allowed.
            """,
        version: ProductVersion.text,
        subcommands: [
            HealthCommand.self, VolumeCommand.self, SnapshotCommand.self, PoolCommand.self, NodeShow.self,
            FirewallCommand.self, DoctorCommand.self,
            OperationCommand.self, CatalogCommand.self, AdoptCommand.self, PairCommand.self,
        ])

    static func main() async {
        do {
            var command = try await parse(Array(CommandLine.arguments.dropFirst()))
            try await command.run()
        } catch {
            end(with: conclude(error))
        }
    }

    /// As `parseAsRoot`, with every command as one that may be awaited.
    static func parse(_ arguments: [String]) async throws -> any AsyncParsableCommand {
        let command = try parseAsRoot(arguments)
        guard let command = command as? any AsyncParsableCommand else {
            // ArgumentParser's own (help, completion): they run without waiting.
            var command = command
            try command.run()
            throw ExitCode.success
        }
        return command
    }

    /// Says on standard error what went wrong, in one line and without a trace, and answers the exit status.
    private static func conclude(_ error: any Error) -> Int32 {
        if let error = error as? StorageError {
            Console.errors.write(message(for: error))
            return ExitStatus(error.code).rawValue
        }
        let status = exitCode(for: error)
        let text = fullMessage(for: error)
        if status.isSuccess {
            if !text.isEmpty { Console.output.write(text + "\n") }
            return 0
        }
        if error is ExitCode { return status.rawValue }
        let body = text.hasPrefix("Error: ") ? String(text.dropFirst("Error: ".count)) : text
        Console.errors.write("convert2nfs: \(body)\n")
        return status.rawValue == ExitCode.failure.rawValue ? ExitStatus.software.rawValue : status.rawValue
    }

    static func message(for error: StorageError) -> String {
        let subject = error.resource.map { "\($0): " } ?? ""
        let hint = error.code == .unauthenticated ? "; give the file that holds it with --token-file" : ""
        return "convert2nfs: \(subject)\(error.message)\(hint)\n"
    }
}

/// exit(3); within a command the name means something else.
private func end(with status: Int32) -> Never { exit(status) }
