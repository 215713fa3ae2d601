/// All that decides what the machines are made of, as a value. Two equal recipes make one image; another recipe has
/// another `hash` and so another place in the cache. Versions of packages are not in it: they are what the sources of
/// packages had on the day the image was built.
package struct Recipe: Hashable, Sendable {
    package struct File: Hashable, Sendable {
        /// Absolute, in the machine.
        package let path: String
        package let content: String
        package var mode: UInt32 = 0o644
    }

    /// Debian's name of the release.
    package var release: String
    package var packages: [String]
    /// The package that depends on the newest kernel of its kind.
    package var kernel: String
    package var files: [File]
    /// Below `kernel/` of the modules; in the order they are loaded in.
    package var bootModules: [String]
    /// Folders below `kernel/` of the modules that no machine of the lab has a use for.
    package var droppedModules: [String]
    /// The only rules of udev that stay: each of the others costs time at every boot.
    package var udevRules: [String]
    /// What the kernel starts first, out of the initial ramdisk.
    package var ramdiskInit: String
    package var rootSize: Int64

    /// FNV-1a of everything above, 16 digits. It is to tell recipes apart, not to withstand an attack.
    package var hash: String {
        let parts =
            [release, kernel, ramdiskInit, String(rootSize)] + packages + bootModules + droppedModules + udevRules
            + files.flatMap { [$0.path, String($0.mode), $0.content] }
        let sum = parts.joined(separator: "\0").utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
