import FoundationEssentials
import HostTools

/// Where images are kept, outside of any tree: one directory a recipe, there in full or not at all.
package struct ImageCache: Sendable {
    package let directory: String
    /// How long an image that nobody asks for is kept. Other trees on this host may have other recipes.
    private static let patience: TimeInterval = 14 * 86400

    /// `CONVERT2NFS_LAB_CACHE`, or `convert2nfs-lab` in the user's cache (XDG Base Directory Specification).
    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let home = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "/root")/.cache"
        directory = environment["CONVERT2NFS_LAB_CACHE"] ?? "\(home)/convert2nfs-lab"
    }

    /// The image of the recipe, built now if it is not there; whoever asks for it meanwhile waits. `progress` is told
    /// before something that takes long.
    package func image(of recipe: Recipe, progress: @Sendable (String) -> Void = { _ in }) async throws -> Image {
        let image = place(of: recipe)
        try Directory.ensureExists(directory, mode: 0o755)
        let lock = try await FileLock.waiting(for: "\(directory)/lock", deadline: .seconds(1800))
        defer { lock.release() }
        if !FileManager.default.fileExists(atPath: image.directory) {
            progress("building the machines' image (recipe \(recipe.hash)) in \(directory)")
            try await build(recipe, image)
        }
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: image.directory)
        return image
    }

    /// Where the image is, or would be: for those whose machines run already.
    package func place(of recipe: Recipe) -> Image { Image(directory: "\(directory)/\(recipe.hash)") }

    private func build(_ recipe: Recipe, _ image: Image) async throws {
        let tools = try LabTools()
        let draft = "\(image.directory).draft"
        try await tools.run(.remove, ["-rf", draft] + stale())
        try Directory.ensureExists(draft, mode: 0o755)
        try await ImageBuilder(recipe: recipe, tools: tools, directory: draft).build()
        try FileManager.default.moveItem(atPath: draft, toPath: image.directory)
    }

    private func stale() throws -> [String] {
        try (Directory.names(in: directory) ?? []).map { "\(directory)/\($0)" }.filter { path in
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard attributes[.type] as? FileAttributeType == .typeDirectory,
                let used = attributes[.modificationDate] as? Date
            else { return false }
            return path.hasSuffix(".draft") || Date().timeIntervalSince(used) > Self.patience
        }
    }
}
