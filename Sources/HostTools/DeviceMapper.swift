import Glibc

/// What the kernel says of device-mapper devices (Documentation/ABI/testing/sysfs-block-dm). Reads sysfs only.
package enum DeviceMapper {
    /// The UUID of the device at `path`, as whoever made it set it: `LVM-` and 64 characters for a logical volume. Nil
    /// if nothing is at `path`, or it is no device of device-mapper.
    package static func uuid(of path: String) throws(HostError) -> String? {
        do throws(HostError) {
            return try attribute("uuid", of: DeviceNumber.ofBlockDevice(path))
        } catch  where error.errorNumber == ENOENT {
            return nil
        }
    }

    /// The name under `/dev/mapper`; nil if it is no device of device-mapper.
    static func name(of device: DeviceNumber) throws(HostError) -> String? { try attribute("name", of: device) }

    private static func attribute(_ name: String, of device: DeviceNumber) throws(HostError) -> String? {
        guard let bytes = try DurableFile.read("/sys/dev/block/\(device)/dm/\(name)", limit: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.last == "\n" ? String(text.dropLast()) : text
    }
}
