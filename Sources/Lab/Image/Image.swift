/// What all machines of a recipe boot from; lies in the cache and is only read.
package struct Image: Hashable, Sendable {
    package let directory: String

    package var kernel: String { "\(directory)/vmlinuz" }
    package var ramdisk: String { "\(directory)/initrd" }
    /// ext4, sparse. A machine gets a copy of its own, which outlives its power cuts.
    package var root: String { "\(directory)/root.ext4" }
}
