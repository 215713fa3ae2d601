import HostTools

/// NFS-Ganesha's management interface as an operator uses it: dbus-send(1).
struct ExportManager: Sendable {
    private let tool: HandTool
    private let address: String

    init(address: String) throws(HostError) {
        tool = try HandTool("dbus-send", package: "dbus-bin")
        self.address = address
    }

    /// Blocks.
    func add(_ number: Int, file: String) throws(HostError) {
        try tool.run(call("AddExport", ["string:\(file)", "string:EXPORT(Export_Id=\(number))"]))
    }

    /// Blocks.
    func remove(_ number: Int) throws(HostError) { try tool.run(call("RemoveExport", ["uint16:\(number)"])) }

    /// Every export with its path, one a line, in the order of their ids.
    func exports() async throws(HostError) -> [String] {
        let text = try await tool.output(call("ShowExports", []))
        var exports: [(Int, String)] = []
        var number: Int?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { continue }
            if words[0] == "uint16" {
                number = Int(words[1])
            } else if words[0] == "string", let current = number {
                // The first text after an id is the path; those after it are protocols.
                exports.append((current, String(words[1])))
                number = nil
            }
        }
        return exports.sorted { $0.0 < $1.0 }.map { "\($0.0) \($0.1)" }
    }

    private func call(_ method: String, _ arguments: [String]) -> [String] {
        [
            "--bus=\(address)", "--print-reply", "--dest=org.ganesha.nfsd", "/org/ganesha/nfsd/ExportMgr",
            "org.ganesha.nfsd.exportmgr.\(method)",
        ] + arguments
    }
}
