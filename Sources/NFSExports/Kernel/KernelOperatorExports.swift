import HostTools
import StorageCore

/// What an operator has exported by the kernel's NFS server: exportfs(8)'s table, and the files it reads beside ours.
package struct KernelOperatorExports: OperatorExports {
    private let files: KernelFiles

    package init(files: KernelFiles) { self.files = files }

    package func survey(_ path: MountPath, filesystem: VolumeID) async throws(StorageError) -> OperatorExport {
        let export = try onHost("read the exports of \(path)") { () throws(HostError) in
            let mount = OperatorLine.Mounted(at: path)
            let table = ExportTab(try ControlFile.read(files.tab) ?? "")
            return SurveyedExport(
                mount: mount, table: table,
                lines: try files.operatorsLines().filter { $0.concerns(mount) || $0.isBelow(mount) },
                standard: try ExportedUUID.current(of: path.value) ?? filesystem, filesystem: filesystem)
        }
        do throws(StorageError) {
            return try export.operatorExport()
        } catch {
            throw StorageError(error.code, "\(path) is exported in a way that a volume is not: \(error.message)")
        }
    }

    package func retire(_ path: MountPath) async throws(StorageError) -> [OperatorExport.Line] {
        try onHost("take \(path) out of the operator's exports") { () throws(HostError) in
            let mount = OperatorLine.Mounted(at: path)
            let found = try files.operatorsLines().filter { $0.exports(mount) }
            for (file, lines) in Dictionary(grouping: found, by: \.file).sorted(by: { $0.key < $1.key }) {
                try retire(Set(lines.map(\.line)), in: file)
            }
            return found.map { OperatorExport.Line(file: $0.file, text: $0.line.text) }
        }
    }

    /// Whoever manages the file may have put a link there, which stays.
    private func retire(_ lines: Set<ExportsFile.Line>, in file: String) throws(HostError) {
        let real = Directory.realPath(file) ?? file
        guard let bytes = try DurableFile.read(real, limit: KernelFiles.limit), let facts = try FileFacts.of(real)
        else {
            return
        }
        let text = ExportsFile(bytes).retiring("convert2nfs exports it since it was adopted:", where: lines.contains)
        try DurableFile.write(text, to: real, mode: facts.mode, owner: facts)
    }
}

/// What the file handles of an export without `fsid=` carry: what mountd(8) found the filesystem's UUID to be.
enum ExportedUUID {
    /// Nil if the kernel has not asked for it yet.
    static func current(of path: String) throws(HostError) -> VolumeID? {
        of(path, in: try ControlFile.read("/proc/net/rpc/nfsd.export/content") ?? "")
    }

    /// From lines like `/nfs/a<tab>10.0.0.0/24(rw,…,uuid=01234567:89abcdef:01234567:89abcdef,sec=1)` (fs/nfsd/export.c,
    /// svc_export_show). Pure.
    static func of(_ path: String, in content: String) -> VolumeID? {
        for line in content.split(separator: "\n") where !line.hasPrefix("#") {
            guard let word = line.split(separator: "\t").first,
                OctalEscapes.decode(Array(word.utf8)[...]) == path,
                let start = line.firstRange(of: "uuid=")?.upperBound,
                case .uuid(let id)? = ExportFSID(String(line[start...].prefix { $0.isHexDigit || $0 == ":" }))
            else { continue }
            return id
        }
        return nil
    }
}
