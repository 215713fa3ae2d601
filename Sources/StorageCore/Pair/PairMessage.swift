/// What one node of a pair says to the other, with what it tells of itself.
package struct PairMessage: Hashable, Sendable, Codable {
    package enum Request: Hashable, Sendable, Codable {
        /// How are you?
        case report
        /// May I serve under this epoch?
        case claim(Epoch)
        /// I have let go of the service: serve under this epoch.
        case takeOver(Epoch)
        /// I go on alone: mark your copy as outdated.
        case outdate
        /// What is to be done on you until we are a pair?
        case survey
        /// What have you that I lack?
        case stake
        /// Give it up, and take mine.
        case discard
        /// Connect again.
        case reconnect
        /// Do this part of it.
        case setUp(SetupStep)
        /// About files that are copied.
        case copy(CopyRequest)

        /// Whether only a node that has joined the pair may grant it.
        package var isForMembers: Bool {
            switch self {
            case .claim, .takeOver, .outdate: true
            case .report, .survey, .stake, .discard, .reconnect, .setUp: false
            case .copy: true
            }
        }
    }

    package let request: Request
    package let report: PairReport

    package init(_ request: Request, report: PairReport) {
        self.request = request
        self.report = report
    }
}

/// What the nodes of a pair ask each other where files are replicated.
package enum CopyRequest: Hashable, Sendable, Codable {
    /// Which volumes are there? Of these I have a whole copy.
    case volumes(having: Set<VolumeID>)
    /// Make this one's files readable to me.
    case expose(VolumeID)
    /// I have them, all or not.
    case conceal(VolumeID, isWhole: Bool)
    /// Have the volumes that I have.
    case mirror
    /// Have all that is in them, too, as it is now: I let no client in any more.
    case catchUp
}

/// The answer to a `PairMessage`.
package struct PairAnswer: Hashable, Sendable, Codable {
    /// Whether what was asked for is done, durably; true of a report.
    package let isGranted: Bool
    package let report: PairReport
    /// Of `survey`.
    package let survey: SetupSurvey?
    /// Of `stake`.
    package let stake: PairStake?
    /// Why it was not done, where that is more than the report tells.
    package let refusal: String?
    /// Of `volumes`.
    package let volumes: [Volume]?
    /// Of `expose`: where replication finds the files.
    package let place: FilePlace?

    package init(
        isGranted: Bool, report: PairReport, survey: SetupSurvey? = nil, stake: PairStake? = nil,
        refusal: String? = nil, volumes: [Volume]? = nil, place: FilePlace? = nil
    ) {
        self.isGranted = isGranted
        self.report = report
        self.survey = survey
        self.stake = stake
        self.refusal = refusal
        self.volumes = volumes
        self.place = place
    }
}

/// Where the other node of a pair finds the files of a volume.
package struct FilePlace: Hashable, Sendable, Codable {
    /// As replication names it.
    package let path: String
    /// From when on they may be changed while they are copied, in seconds since 1970 by the clock that their times are of.
    package let moment: Double

    package init(path: String, moment: Double) {
        self.path = path
        self.moment = moment
    }
}
