/// One line of the table.
package struct Row: Sendable {
    package let measure: String
    package let ours: String
    package var theirs: String
    package var ratio: String
    package var bar: String
    /// Nil where there is no bar, only something to compare with.
    package var isMet: Bool?

    package init(
        measure: String, ours: String, theirs: String = "", ratio: String = "", bar: String = "", isMet: Bool? = nil
    ) {
        self.measure = measure
        self.ours = ours
        self.theirs = theirs
        self.ratio = ratio
        self.bar = bar
        self.isMet = isMet
    }

    var cells: [String] { [measure, ours, theirs, ratio, bar, isMet.map { $0 ? "yes" : "no" } ?? ""] }
    static let heads = ["measure", "ours", "theirs", "ratio", "bar", "met"]
}

/// What was measured: the table, and notes on what is in the numbers.
package struct Findings: Sendable {
    package var rows: [Row]
    package var notes: [String]

    package init(rows: [Row] = [], notes: [String] = []) {
        self.rows = rows
        self.notes = notes
    }

    package static func += (lhs: inout Findings, rhs: Findings) {
        lhs.rows += rhs.rows
        lhs.notes += rhs.notes
    }

    package static func + (lhs: Findings, rhs: Findings) -> Findings {
        var sum = lhs
        sum += rhs
        return sum
    }

    package var text: String {
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
