/// Tells what an operator has mounted where a volume would be. Needs root.
package protocol MountAdopter: Sendable {
    /// The device that is mounted at `path` as a volume's is: all of it, to read and write, at no other place, above an empty
    /// directory. `notFound` if nothing is mounted there; `conflict`, with the reason, if something is and not like that. Changes
    /// nothing.
    func adoptable(at path: MountPath) async throws(StorageError) -> DevicePath
}
