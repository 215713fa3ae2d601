import HostTools
import Logging

/// Starts the machine anew in this moment, as its power switch would: nothing that waits for a disk can hold it up (the kernel's
/// documentation, admin-guide/sysrq). Needs root.
enum LastResortReboot {
    static func run(_ logger: Logger) {
        logger.critical("this node cannot let go of the storage, so it starts anew now (cluster.lastResort)")
        do throws(HostError) {
            // Some hosts forbid that; the trigger may do without (admin-guide/sysrq).
            try? ControlFile.write("1", to: "/proc/sys/kernel/sysrq")
            try ControlFile.write("b", to: "/proc/sysrq-trigger")
        } catch {
            logger.critical("it cannot be started anew: \(error)")
        }
    }
}
