import FoundationEssentials
import HostTools

/// Makes an image out of Debian's packages; about two minutes, and the network.
struct ImageBuilder: Sendable {
    let recipe: Recipe
    let tools: LabTools
    /// An empty directory; afterwards the image and nothing else is in it.
    let directory: String

    private var work: String { "\(directory)/work" }
    private var root: String { "\(work)/root" }
    private var kernel: String { "\(work)/kernel" }

    func build() async throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try await installPackages()
        let release = try kernelRelease()
        try await installModules(release)
        try writeFiles()
        try keepUdevRules()
        try await makeRamdisk(release)
        try FileManager.default.copyItem(atPath: "\(kernel)/boot/vmlinuz-\(release)", toPath: "\(directory)/vmlinuz")
        let image = "\(directory)/root.ext4"
        try SparseFile.create(image, size: recipe.rootSize)
        // Without checksums another UUID is a matter of one block.
        try await tools.run(
            .makeExt4,
            ["-q", "-t", "ext4", "-O", "^metadata_csum", "-J", "size=16", "-E", "root_owner=0:0", "-d", root, image])
        try await tools.run(.remove, ["-rf", work])
    }

    /// Only from Debian's own sources of this host: others may need keys and names that are the host's alone.
    private static func sources() throws(HostError) -> String {
        let files = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]
        guard let file = files.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw HostError.unexpected("there is none of \(files.joined(separator: ", ")) to take Debian from")
        }
        return file
    }

    private func installPackages() async throws {
        let script = "\(work)/fetch-kernel"
        try DurableFile.write(Array(Self.kernelScript.utf8), to: script, mode: 0o755)
        let excluded = ["man", "doc", "locale", "info"].map { "--dpkgopt=path-exclude=/usr/share/\($0)/*" }
        try await tools.run(
            .mmdebstrap,
            [
                "--variant=minbase", "--mode=root", "--include=\(recipe.packages.joined(separator: ","))",
                "--aptopt=Apt::Install-Recommends \"false\"", "--dpkgopt=force-unsafe-io",
            ] + excluded
                + ["--customize-hook=\(script) \(recipe.kernel) \(kernel)", recipe.release, root, try Self.sources()],
            deadline: .seconds(1200))
    }

    /// Run by mmdebstrap when the packages are in. The kernel is unpacked and not installed: that would want a package
    /// that makes initial ramdisks. And not into the root, where its `/lib` would replace the link to `/usr/lib`.
    private static let kernelScript = """
        #!/bin/sh
        set -eu
        export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
        package=$(apt-cache depends --important "$1" | sed -n 's/^ *Depends: \\(linux-image-[0-9].*\\)$/\\1/p')
        mkdir "$2"
        cd "$2"
        apt-get download -q -o APT::Sandbox::User=root "$package"
        dpkg-deb -x "$package"_*.deb .
        rm "$package"_*.deb

        """

    private func kernelRelease() throws -> String {
        guard let names = try Directory.names(in: "\(kernel)/lib/modules"), names.count == 1 else {
            throw HostError.unexpected("\(kernel)/lib/modules does not hold the modules of one kernel")
        }
        return names[0]
    }

    private func installModules(_ release: String) async throws {
        let modules = "\(root)/usr/lib/modules/\(release)"
        try FileManager.default.createDirectory(atPath: "\(root)/usr/lib/modules", withIntermediateDirectories: true)
        try await tools.run(.copy, ["-a", "\(kernel)/lib/modules/\(release)", modules])
        try await tools.run(.remove, ["-rf"] + recipe.droppedModules.map { "\(modules)/kernel/\($0)" })
        try await tools.run(.depmod, ["-b", root, release])
    }

    private func writeFiles() throws {
        for file in recipe.files {
            let parent = String(file.path[..<(file.path.lastIndex(of: "/") ?? file.path.startIndex)])
            try FileManager.default.createDirectory(atPath: root + parent, withIntermediateDirectories: true)
            try DurableFile.write(
                Array(file.content.utf8), to: root + file.path, mode: file.mode, syncsDirectory: false)
        }
        try FileManager.default.createDirectory(atPath: "\(root)/opt/convert2nfs", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/usr/lib/lab/init", withDestinationPath: "/bin/busybox")
        for program in Payload.programs {
            try FileManager.default.createSymbolicLink(
                atPath: "\(root)/usr/local/bin/\(program)", withDestinationPath: "/opt/convert2nfs/\(program)")
        }
        // Each machine makes its own at its first boot.
        try DurableFile.write([], to: "\(root)/etc/machine-id", mode: 0o444, syncsDirectory: false)
    }

    private func keepUdevRules() throws {
        let directory = "\(root)/usr/lib/udev/rules.d"
        for name in try Directory.names(in: directory) ?? [] where !recipe.udevRules.contains(name) {
            try DurableFile.remove("\(directory)/\(name)", syncsDirectory: false)
        }
    }

    private func makeRamdisk(_ release: String) async throws {
        let tree = "\(work)/ramdisk"
        for name in ["bin", "dev", "proc", "root", "modules"] {
            try FileManager.default.createDirectory(atPath: "\(tree)/\(name)", withIntermediateDirectories: true)
        }
        try FileManager.default.copyItem(atPath: "\(root)/bin/busybox", toPath: "\(tree)/bin/busybox")
        var names = [".", "bin", "dev", "proc", "root", "modules", "init", "bin/busybox", "modules/order"]
        var order: [String] = []
        for module in recipe.bootModules {
            let name = "\(module.split(separator: "/").last ?? "").ko"
            try FileManager.default.copyItem(
                atPath: "\(kernel)/lib/modules/\(release)/kernel/\(module).ko", toPath: "\(tree)/modules/\(name)")
            order.append(name)
            names.append("modules/\(name)")
        }
        try DurableFile.write(Array(order.joined(separator: "\n").utf8), to: "\(tree)/modules/order", mode: 0o644)
        try DurableFile.write(Array(recipe.ramdiskInit.utf8), to: "\(tree)/init", mode: 0o755)
        try await tools.run(
            .cpio, ["-o", "-H", "newc", "--quiet", "-R", "0:0", "-D", tree, "-F", "\(directory)/initrd"],
            input: names.joined(separator: "\n") + "\n")
    }
}
