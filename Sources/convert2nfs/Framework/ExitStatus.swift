import NodeAPI

/// How the program ends: the numbers of sysexits.h(3head), which scripts and service managers know.
enum ExitStatus: Int32, CaseIterable {
    /// The command line is wrong.
    case usage = 64
    /// The node refuses the request as it is.
    case data = 65
    case noInput = 66
    case unavailable = 69
    case software = 70
    case cannotCreate = 73
    case inputOutput = 74
    /// The same command may succeed later.
    case temporaryFailure = 75
    case noPermission = 77

    /// The one table of codes and exit statuses.
    init(_ code: StorageError.Code) {
        self =
            switch code {
            case .invalidArgument: .data
            case .unauthenticated, .permissionDenied: .noPermission
            case .notFound: .noInput
            case .conflict: .cannotCreate
            case .outOfCapacity: .inputOutput
            case .busy, .standby, .cancelled: .temporaryFailure
            case .unavailable: .unavailable
            case .internal: .software
            }
    }
}
