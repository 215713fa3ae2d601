import NodeHarness

extension Stage {
    /// Takes everything down, from whatever state. What could not be taken down, in words; the directory stays then.
    func strike() async -> [String] {
        await filler?.close()
        filler = nil
        var troubles: [String] = []
        do { try await network.remove() } catch { troubles.append("network namespace: \(error)") }
        do { try await node.retire(process) } catch { troubles.append("retire: \(error)") }
        process = nil
        do { troubles += try leftovers() } catch { troubles.append("\(error)") }
        guard troubles.isEmpty else { return troubles + ["its directory: \(directory)"] }
        do { try Self.removeTree(directory) } catch { troubles.append("\(directory): \(error)") }
        return troubles
    }

    /// Images are data, and go with the directory.
    private func leftovers() throws -> [String] {
        var leaks = try Leaks(of: node)
        leaks.files = []
        return leaks.isEmpty ? [] : ["\(leaks)"]
    }
}
