import Glibc
import HostTools
import NFSClient
import NodeHarness
import StorageCore

/// What the steps work on and hand on to each other: a node in a directory of its own, a real tree, and what was
/// measured.
actor Stage {
    static let data = "shop/data"
    static let restored = "shop/restored"
    static let second = "shop/orders"
    static let snapshot = "shop/data@monday"
    static let client = "127.0.0.1"
    /// All images and one copy of the first volume, with room to spare.
    private static let neededBytes: Int64 = 8 << 30

    let tree: SourceTree
    let directory: String
    let node: DaemonNode
    let network: StrangerNetwork
    var process: ProcessIdentity?
    var fingerprint: Fingerprint?
    var filler: Filler?

    /// Makes the directory, below TMPDIR or /tmp; starts nothing.
    init() throws {
        try claim(geteuid() == 0, otherwise: "mounts need root; run it as root")
        tree = try SourceTree.largest(of: ["/usr/share/doc", "/usr/include"])
        network = try StrangerNetwork()
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let space = try FilesystemControl.space(of: parent).available
        try claim(
            space >= Self.neededBytes,
            otherwise:
                "\(parent) has \(ByteCount(space)) left and \(ByteCount(Self.neededBytes)) are needed; set TMPDIR")
        let directory = try Self.temporaryDirectory(below: parent)
        do {
            node = try DaemonNode(directory: directory)
        } catch {
            try? Self.removeTree(directory)
            throw error
        }
        self.directory = directory
    }

    nonisolated var opening: String {
        """
        convert2nfs on \(tree.root): \(Shown.count(tree.files.count)) files, \
        \(Shown.count(tree.directories.count)) directories, \(Shown.count(tree.links.count)) symbolic links, \
        \(Shown.mebibytes(tree.byteCount)); everything in \(directory)

        """
    }

    var logTail: String { "the end of the daemon's log:\n\((try? node.outputTail()) ?? "there is none")" }

    func target(_ volume: String, server: String = client) throws -> NFSConnection.Target {
        let parts = volume.split(separator: "/").map(String.init)
        return node.target(try VolumeKey(parts[0], parts[1]), server: server)
    }

    func transfer(_ volume: String, _ place: String = "/tree") throws -> TreeTransfer {
        TreeTransfer(tree: tree, place: place, target: try target(volume))
    }

    /// Runs the real command line. What it printed, below the command itself, as at a prompt.
    func commandLine(_ arguments: String...) async throws -> [String] {
        let output = try await node.run("convert2nfs", arguments)
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return ["$ convert2nfs \(arguments.joined(separator: " "))"] + (lines.last == "" ? lines.dropLast() : lines)
    }

    private static func temporaryDirectory(below parent: String) throws -> String {
        var template = Array("\(parent)/convert2nfs-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HostError.systemCall(name: "mkdtemp", errno: errno, subject: parent)
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
