import FoundationEssentials
import NodeAPI

// How values are written in tables and sentences.

extension ByteCount {
    /// Three digits at most and a unit, rounded: `3.2Mi`, `71Mi`, `0`. For what is used, where `quantity` is for what
    /// was asked.
    var rounded: String {
        var value = Double(bytes)
        var units = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][...]
        while value >= 1000, units.count > 1 {
            value /= 1024
            units = units.dropFirst()
        }
        let unit = units.first ?? ""
        let isWhole = value >= 9.95 || value == value.rounded(.down) || unit.isEmpty
        if isWhole { return "\(Int64(value.rounded()))\(unit)" }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)\(unit)"
    }
}

extension Timestamp {
    /// How long ago, as kubectl shows it: `45s`, `12m`, `7h`, `3d`.
    func age(at now: Date) -> String {
        let seconds = Int64(max(0, now.timeIntervalSince(date)))
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86_400)d"
        }
    }
}

extension Duration {
    /// `0.8 ms`, `12 ms`, `3.4 s`, `75 s`.
    var shown: String {
        let milliseconds = Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
        if milliseconds < 10 { return "\(tenths(milliseconds)) ms" }
        if milliseconds < 1000 { return "\(Int64(milliseconds.rounded())) ms" }
        return milliseconds < 10_000 ? "\(tenths(milliseconds / 1000)) s" : "\(Int64(milliseconds / 1000)) s"
    }
}

private func tenths(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}

extension ConditionDocument {
    var shown: String { abnormal ? message : "ok" }
}

extension VolumeSource {
    var shown: String {
        switch self {
        case .snapshot(let key): "snapshot \(key)"
        case .volume(let key): "volume \(key)"
        }
    }
}

extension ClientRule {
    var shown: String { "\(address) (\(access.rawValue))" }
}
