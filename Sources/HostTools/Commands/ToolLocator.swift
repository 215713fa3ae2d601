import Glibc

/// Finds programs once, at start, so that a missing one stops the daemon with the package to install and not an
/// operation half-way.
package struct ToolLocator: Sendable {
    package let directories: [String]

    /// `searchPath` is the value of PATH. The directories of system administration are always searched after it,
    /// because the PATH of a service or of a user often lacks them.
    package init(searchPath: String) {
        var directories: [String] = []
        for directory in searchPath.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
        where directory.hasPrefix("/") && !directories.contains(directory) {
            directories.append(directory)
        }
        self.directories = directories
    }

    /// Only in `directories`.
    package init(directories: [String]) { self.directories = directories }

    /// All of `names`; throws `missingTools` naming every one that is not there.
    package func locate(_ names: [ToolName]) throws(HostError) -> Toolbox {
        var found: [ToolName: Tool] = [:]
        var missing: [MissingTool] = []
        for name in names {
            if let path = path(of: name.rawValue) {
                found[name] = Tool(name: name.rawValue, path: path)
            } else {
                missing.append(MissingTool(name: name.rawValue, package: name.package))
            }
        }
        guard missing.isEmpty else { throw HostError.missingTools(missing) }
        return Toolbox(tools: found)
    }

    private func path(of name: String) -> String? {
        directories.lazy.map { "\($0)/\(name)" }.first { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
        }
    }
}

/// The programs that were found at start.
package struct Toolbox: Sendable {
    private let tools: [ToolName: Tool]

    package init(tools: [ToolName: Tool]) { self.tools = tools }

    /// Throws `missingTools` if it was not asked for at start.
    package func require(_ name: ToolName) throws(HostError) -> Tool {
        guard let tool = tools[name] else {
            throw HostError.missingTools([MissingTool(name: name.rawValue, package: name.package)])
        }
        return tool
    }
}
