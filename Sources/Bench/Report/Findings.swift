/// One line of the table.
struct Row: Sendable {
    let measure: String
    let ours: String
    var theirs = ""
    var ratio = ""
    var bar = ""
    /// Nil where there is no bar, only something to compare with.
    var isMet: Bool?

    var cells: [String] { [measure, ours, theirs, ratio, bar, isMet.map { $0 ? "yes" : "no" } ?? ""] }
    static let heads = ["measure", "ours", "theirs", "ratio", "bar", "met"]
}

/// What was measured: the table, and notes on what is in the numbers.
struct Findings: Sendable {
    var rows: [Row] = []
    var notes: [String] = []

    static func += (lhs: inout Findings, rhs: Findings) {
        lhs.rows += rhs.rows
        lhs.notes += rhs.notes
    }

    var text: String {
        let lines = [Row.heads] + rows.map(\.cells)
        let widths = Row.heads.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let table = lines.map { cells in
            var line = ""
            for (cell, width) in zip(cells, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            return line.trimmingSuffix { $0 == " " }
        }
        return (table + (notes.isEmpty ? [] : [""] + notes)).joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingSuffix(_ isTrimmed: (Character) -> Bool) -> String {
        String(self[..<(lastIndex { !isTrimmed($0) }.map { index(after: $0) } ?? startIndex)])
    }
}
