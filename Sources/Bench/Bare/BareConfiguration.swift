/// What an operator writes who serves volumes with NFS-Ganesha by hand; the same server settings as the product's.
struct BareConfiguration: Sendable {
    let directory: String
    let nfsPort: UInt16
    let mountdPort: UInt16

    var busAddress: String { "unix:path=\(directory)/bus.sock" }

    var server: String {
        """
        NFS_CORE_PARAM {
            NFS_Port = \(nfsPort);
            MNT_Port = \(mountdPort);
            NLM_Port = \(mountdPort + 1);
            Enable_RQUOTA = false;
            Enable_UDP = true;
            Protocols = 3, 4;
            mount_path_pseudo = true;
        }
        NFSv4 {
            RecoveryBackend = fs;
            RecoveryRoot = "\(directory)/recovery";
            Graceless = true;
            Only_Numeric_Owners = true;
        }
        NFS_KRB5 { Active_krb5 = false; }
        EXPORT_DEFAULTS { Access_Type = NONE; SecType = sys; Protocols = 3, 4; Transports = TCP, UDP; }

        """
    }

    func export(_ number: Int, path: String) -> String {
        """
        EXPORT {
            Export_Id = \(number);
            Path = "\(path)";
            Pseudo = "\(path)";
            Squash = no_root_squash;
            FSAL { Name = VFS; }
            CLIENT { Clients = 127.0.0.1; Access_Type = RW; }
        }

        """
    }

    var bus: String {
        """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig>
          <listen>\(busAddress)</listen>
          <auth>EXTERNAL</auth>
          <policy context="default">
            <allow user="root"/>
            <allow own="*"/>
            <allow send_destination="*"/>
            <allow receive_sender="*"/>
          </policy>
        </busconfig>

        """
    }
}
