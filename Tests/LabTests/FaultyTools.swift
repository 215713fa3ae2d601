import HostTools
import Lab

/// What goes wrong with the tools that a daemon runs. It finds this directory first (`Node.toolDirectory`), where each
/// tool's name is a script that runs the tool itself, as a rule. The daemon knows nothing of it.
struct FaultyTools {
    let machine: Machine

    static let directory = "/usr/local/lib/faults/tools"

    enum Fault {
        /// Calls are counted.
        case none
        /// The power is cut before the call with this number, counted from 1, does anything.
        case cutBefore(Int)
        /// The power is cut when the call with this number has ended, before the daemon knows.
        case cutAfter(Int)
        /// Calls whose name and arguments begin like this do nothing and never end: `lvm lvcreate`.
        case hang(String)

        fileprivate var text: String {
            switch self {
            case .none: "none -"
            case .cutBefore(let number): "before \(number)"
            case .cutAfter(let number): "after \(number)"
            case .hang(let call): "hang \(call)"
            }
        }
    }

    /// Outlives power cuts. No fault is set.
    func install() async throws {
        try await machine.sh("mkdir -p \(Self.directory)")
        try await machine.write(Array(Self.script.utf8), to: "\(Self.directory)/lvm", mode: "0755")
        try await machine.write(Array(Self.relay.utf8), to: "\(Self.directory)/convert2nfs-rbd", mode: "0755")
        try await machine.sh(
            """
            cd \(Self.directory)
            for tool in mkfs.xfs xfs_growfs xfs_admin exportfs; do ln -sf lvm $tool; done
            sync -f .
            """)
    }

    /// From now on, with the count at 0 again; a start of the machine ends it. To be run in it.
    static func setting(_ fault: Fault) -> String {
        "mkdir -p /run/faults; echo 0 >/run/faults/count; : >/run/faults/calls; echo '\(fault.text)' >/run/faults/fault"
    }

    func set(_ fault: Fault) async throws { try await machine.sh(Self.setting(fault)) }

    /// The calls that were counted, in their order.
    func calls() async throws -> [String] {
        try await machine.sh("cat /run/faults/calls").split(separator: "\n").map(String.init)
    }

    /// The daemon runs its tools with a PATH without this directory, so a name is that of the tool itself. Calls that only
    /// report are not counted. A reset by the kernel's own means stands for the power cut: nothing is written any more.
    private static let script = """
        #!/bin/sh
        name=${0##*/}
        case "$name $1" in 'lvm fullreport' | 'lvm vgs') exec $name "$@" ;; esac
        read -r fault argument 2>/dev/null </run/faults/fault || exec $name "$@"
        if [ "$fault" = hang ]; then
            case "$name $*" in "$argument"*) exec sleep 100000 ;; esac
        fi
        read -r count </run/faults/count
        count=$((count + 1))
        echo $count >/run/faults/count
        echo "$name $*" >>/run/faults/calls
        case "$fault $count" in
        "before $argument") echo b >/proc/sysrq-trigger ;;
        "after $argument")
            $name "$@" || true
            echo b >/proc/sysrq-trigger
            ;;
        esac
        exec $name "$@"

        """

    /// Stands between the daemon and the program that speaks for Ceph: what changes an image is a call like any other, which has ended when its
    /// answer comes.
    private static let relay = """
        #!/bin/sh
        awaited=/run/faults/awaited.$$
        ask() {
            while IFS= read -r line; do
                case $line in
                *'"create":'* | *'"clone":'* | *'"annotate":'* | *'"rename":'* | *'"resize":'* | *'"takeSnapshot":'* | \
                    *'"removeSnapshot":'* | *'"moveToTrash":'*) count "$line" ;;
                esac
                printf '%s\n' "$line"
            done
        }
        count() {
            read -r fault argument 2>/dev/null </run/faults/fault || return 0
            read -r count </run/faults/count
            count=$((count + 1))
            echo $count >/run/faults/count
            echo "rbd $1" >>/run/faults/calls
            case "$fault $count" in
            "before $argument") echo b >/proc/sysrq-trigger ;;
            "after $argument") printf '%s' "$1" | sed 's/.*"id":\\([0-9]*\\).*/\\1/' >$awaited ;;
            esac
        }
        answer() {
            while IFS= read -r line; do
                if [ -e $awaited ]; then
                    case $line in
                    *'"id":'"$(cat $awaited)"[,}]*) echo b >/proc/sysrq-trigger ;;
                    esac
                fi
                printf '%s\n' "$line"
            done
        }
        ask | /opt/convert2nfs/convert2nfs-rbd "$@" | answer

        """
}
