import HostTools
import StorageCore

/// The disk that is to be one half of the replicated device.
struct SetupDisk: Sendable {
    enum Content: Hashable, Sendable {
        case blank
        /// DRBD's, made before.
        case metadata
        /// In blkid's words.
        case other(String)
    }

    let path: String
    let blkid: Tool
    let runner: any CommandRunner

    /// Throws `notFound` if there is no such disk.
    func size() throws(StorageError) -> ByteCount {
        do throws(HostError) {
            let number = try DeviceNumber.ofBlockDevice(path)
            guard let sectors = try ControlFile.read("/sys/dev/block/\(number)/size").flatMap({ Int64($0) }) else {
                throw HostError.unexpected("the kernel does not say how big \(path) is")
            }
            return ByteCount(sectors << 9)
        } catch {
            throw StorageError(.notFound, "the disk cannot be looked at: \(error)")
        }
    }

    /// By low-level probing, past every cache; exit status 2 is "nothing was found", 8 "more than one thing" (blkid(8)).
    func content() async throws(StorageError) -> Content {
        let output: CommandOutput
        do throws(HostError) {
            output = try await runner.output(
                of: Invocation(blkid, ["-p", "-o", "export", path], deadline: .seconds(30)), accepting: [0, 2, 8])
        } catch {
            throw StorageError(.unavailable, "what is on \(path) cannot be found out: \(error)")
        }
        switch output.status {
        case .exited(2): return .blank
        case .exited(8): return .other("more than one thing")
        default: return Self.content(output.text)
        }
    }

    /// Whether DRBD's metadata is at its end, whatever else is on it: what the device of DRBD holds is seen on its disk too. DRBD must not
    /// have the disk (drbdmeta(8)).
    /// Throws `unavailable` if that cannot be told: whoever is not sure must not advise to empty the disk.
    func hasMetadata(_ drbdmeta: Tool, minor: Int) async throws(StorageError) -> Bool {
        for format in ["v08", "v09"] {
            let invocation = Invocation(
                drbdmeta, ["\(minor)", format, path, "internal", "dump-md"], deadline: .seconds(30))
            let output: CommandOutput
            do throws(HostError) { output = try await runner.run(invocation) } catch {
                throw StorageError(.unavailable, "whether DRBD's metadata is on \(path) cannot be found out: \(error)")
            }
            // It fails with metadata that is not clean, too.
            guard output.messageTail.lowercased().contains("no valid meta") else { return true }
        }
        return false
    }

    /// Why it is not taken.
    static func refusal(_ path: String, _ words: String) -> String {
        "\(path) is not empty, blkid finds \(words); if nothing on it is needed any more: wipefs --all \(path)"
    }

    static func content(_ text: String) -> Content {
        let words = text.split(separator: "\n").filter { !$0.hasPrefix("DEVNAME=") }
        if words.contains("TYPE=drbd") { return .metadata }
        return .other(words.isEmpty ? "something" : words.joined(separator: " "))
    }
}
