import StorageCore

/// The configuration of one NFS-Ganesha, as text (ganesha-config(8), ganesha-core-config(8), ganesha-export-config(8)).
/// Pure.
package struct GaneshaConfiguration: Hashable, Sendable {
    package let settings: GaneshaSettings
    package let files: GaneshaFiles
    /// Where libfsalvfs.so lies, which differs between architectures.
    package let pluginDirectory: String

    package init(settings: GaneshaSettings, files: GaneshaFiles, pluginDirectory: String) {
        self.settings = settings
        self.files = files
        self.pluginDirectory = pluginDirectory
    }

    /// All but the exports. Two servers that differ in it cannot be made the same without a restart.
    package var main: String { main(isGraceless: false) }

    private func main(isGraceless: Bool) -> String {
        let versions = settings.versions.sorted().map { "\($0.rawValue)" }.joined(separator: ", ")
        let minors = settings.minorVersions.sorted().map(String.init).joined(separator: ", ")
        return """
            NFS_CORE_PARAM {
                NFS_Port = \(settings.nfsPort);
                MNT_Port = \(settings.mountdPort);
                NLM_Port = \(settings.lockManagerPort);
                Enable_NLM = \(settings.versions.contains(.v3));
                Enable_RQUOTA = false;
                Enable_UDP = \(settings.udp);
                Protocols = \(versions);
                # NFSv3 and NFSv4 clients mount a volume by the same path.
                mount_path_pseudo = true;
                Plugins_Dir = "\(pluginDirectory)";
            }
            NFSv4 {
                RecoveryBackend = fs;
                RecoveryRoot = "\(files.recovery)";
                Lease_Lifetime = \(settings.leaseSeconds);
                Grace_Period = \(settings.graceSeconds);
                Graceless = \(isGraceless);
                Server_Scope = "\(settings.serverScope)";
                Minor_Versions = \(minors.isEmpty ? "0" : minors);
                Only_Numeric_Owners = true;
            }
            NFS_KRB5 {
                Active_krb5 = false;
            }
            EXPORT_DEFAULTS {
                Access_Type = NONE;
                SecType = sys;
                Protocols = \(versions);
                Transports = \(settings.udp ? "TCP, UDP" : "TCP");
                # nobody, as nfsd has it; Ganesha's own default is -2.
                Anonymous_Uid = 65534;
                Anonymous_Gid = 65534;
            }

            """
    }

    /// What a server is started with: its exports are in place before its ports open, so that no client that comes back
    /// gets ESTALE for one that is not there yet. `isFirst` is for a server that never gave out a lock, which has no
    /// reason to keep its first clients waiting for the grace period.
    package func complete(_ exports: [Export], isFirst: Bool) -> String {
        main(isGraceless: isFirst) + exports.map(Self.block).joined()
    }

    /// One export. No `fsid_type`: with it the first export that is added after a start answers ESTALE for ever.
    /// Without, handles hold the export's id, the filesystem's UUID and the kernel's handle, and outlive restarts.
    package static func block(_ export: Export) -> String {
        let squash = squash(export.squash)
        let fsid = halves(export.fsid)
        return """
            EXPORT {
                Export_Id = \(export.id);
                Path = "\(export.path)";
                Pseudo = "\(export.path)";
                Filesystem_Id = \(fsid.high).\(fsid.low);
                Access_Type = NONE;
                Squash = \(squash);
                FSAL { Name = VFS; }
                CLIENT { Clients = \(ServedExport.marker); Access_Type = NONE; Squash = \(squash); }

            """
                + export.clients.narrowestFirst.map { rule in
                    let access = rule.access == .readWrite ? "RW" : "RO"
                    return "    CLIENT { Clients = \(rule.address); Access_Type = \(access); Squash = \(squash); }\n"
                }.joined()
                + "}\n"
    }

    private static func squash(_ squash: Squash) -> String {
        switch squash {
        case .none: "no_root_squash"
        case .root: "root_squash"
        case .all: "all_squash"
        }
    }

    private static func halves(_ fsid: ExportFSID) -> (high: UInt64, low: UInt64) {
        switch fsid {
        case .number(let number): return (0, UInt64(number))
        case .uuid(let id):
            let bytes = withUnsafeBytes(of: id.uuid.uuid) { Array($0) }
            let number = { (part: ArraySlice<UInt8>) in part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
            return (number(bytes[..<8]), number(bytes[8...]))
        }
    }

    /// The private bus: nobody but root connects, and no service is started by it.
    package var bus: String {
        """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig>
          <listen>\(DBusAddress.unixSocket(files.busSocket))</listen>
          <auth>EXTERNAL</auth>
          <policy context="default">
            <deny user="*"/>
            <allow user="root"/>
            <allow own="*"/>
            <allow send_destination="*"/>
            <allow receive_sender="*"/>
          </policy>
        </busconfig>

        """
    }
}
