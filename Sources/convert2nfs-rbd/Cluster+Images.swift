import CRBD
import Dispatch
import Glibc
import RBDWire

/// Images of the pool, each opened for as long as one call takes.
extension Cluster {
    /// What the kernel's client of Linux 5.3 and later can do, and what makes a removal and a copy cheap.
    private static let features =
        UInt64(RBD_FEATURE_LAYERING) | UInt64(RBD_FEATURE_EXCLUSIVE_LOCK) | UInt64(RBD_FEATURE_OBJECT_MAP)
        | UInt64(RBD_FEATURE_FAST_DIFF) | UInt64(RBD_FEATURE_DEEP_FLATTEN)

    /// One that says nothing of itself which could be understood is among them, with its name alone.
    func list(_ prefix: String, _ progress: Progress) throws(RBDFailure) -> [RBDImage] {
        try each(of: try names().map(\.name).filter { $0.hasPrefix(prefix) }, progress) { name throws(RBDFailure) in
            do throws(RBDFailure) { return try inspect(name, withWatchers: false) } catch
                where Self.strange.contains(error.code)
            {
                return RBDImage(name: name, id: "", size: 0, metadata: [:], snapshots: [], isClone: false)
            }
        }
    }

    /// What librbd says of an image that it does not understand, or whose parent it may not open; no other is kept from being seen by that.
    private static let strange: Set<Int32> = [ENOSYS, EOPNOTSUPP, EINVAL, EPERM, EACCES]

    func promised(besides others: Set<String>, _ progress: Progress) throws(RBDFailure) -> Int64 {
        let all = try names()
        let found = try each(of: all.filter { !others.contains($0.name) }.map(\.id), progress) {
            id throws(RBDFailure) in
            if let size = sizes.size(of: id) { return size }
            return try noteSize(of: id)
        }
        sizes.keep(Set(all.map(\.id)))
        return found.reduce(0, Self.sum)
    }

    @discardableResult
    private func noteSize(of id: String) throws(RBDFailure) -> Int64 {
        // One that is gone since holds nothing.
        let size = try promise(ofImage: id) ?? 0
        sizes.note(id, size)
        return size
    }

    static func sum(_ one: Int64, _ other: Int64) -> Int64 {
        let (sum, isOver) = one.addingReportingOverflow(other)
        return isOver ? .max : sum
    }

    func inspect(_ name: String, withWatchers: Bool = true) throws(RBDFailure) -> RBDImage {
        try open(name, isReadOnly: true) { image throws(RBDFailure) in
            RBDImage(
                name: name, id: try id(of: image, name), size: try size(of: image, name),
                metadata: try metadata(of: image, name),
                snapshots: try snapshots(of: image, name), isClone: try isClone(image, name),
                watchers: withWatchers ? try watchers(of: image, name) : nil)
        }
    }

    func create(_ name: String, size: Int64, metadata: [String: String]) throws(RBDFailure) {
        try withOptions { options throws(RBDFailure) in
            try check(rbd_create4(pool, name, UInt64(size), options), "creating \(name)")
        }
        try annotate(name, metadata)
    }

    func clone(
        _ name: String, of parent: String, _ snapshot: String, metadata: [String: String]
    ) throws(RBDFailure) {
        try withOptions { options throws(RBDFailure) in
            try check(
                rbd_image_options_set_uint64(options, Int32(RBD_IMAGE_OPTION_CLONE_FORMAT), 2),
                "choosing the clone's format")
            try check(
                rbd_clone3(pool, parent, snapshot, pool, name, options), "cloning \(parent)@\(snapshot) to \(name)")
        }
        try annotate(name, metadata)
    }

    func annotate(_ name: String, _ metadata: [String: String]) throws(RBDFailure) {
        try open(name) { image throws(RBDFailure) in try set(metadata, of: image, name) }
    }

    func rename(_ name: String, to new: String) throws(RBDFailure) {
        try check(rbd_rename(pool, name, new), "renaming \(name) to \(new)")
    }

    func resize(_ name: String, size: Int64) throws(RBDFailure) {
        try open(name) { image throws(RBDFailure) in
            try check(rbd_resize2(image, UInt64(size), false, { _, _, _ in 0 }, nil), "resizing \(name)")
            try noteSize(of: try id(of: image, name))
        }
    }

    func takeSnapshot(_ name: String, _ snapshot: String) throws(RBDFailure) {
        try open(name) { image throws(RBDFailure) in
            try check(rbd_snap_create(image, snapshot), "taking the snapshot \(name)@\(snapshot)")
            try noteSize(of: try id(of: image, name))
        }
    }

    func removeSnapshot(_ name: String, _ snapshot: String) throws(RBDFailure) {
        try open(name, in: removals) { image throws(RBDFailure) in
            let result = rbd_snap_remove(image, snapshot)
            if result != -ENOENT { try check(result, "removing the snapshot \(name)@\(snapshot)") }
            try noteSize(of: try id(of: image, name))
        }
    }

    func flatten(_ name: String, _ progress: Progress) throws(RBDFailure) {
        try open(name) { image throws(RBDFailure) in
            let result = progress.following { rbd_flatten_with_progress(image, $0, $1) }
            try check(result, "copying into \(name) what it shares")
        }
    }

    // MARK: Parts

    func names() throws(RBDFailure) -> [(id: String, name: String)] {
        let specs = try list("listing the images", rbd_image_spec_t()) { rbd_list2(pool, $0, $1) }
        defer { var specs = specs; rbd_image_spec_list_cleanup(&specs, specs.count) }
        return specs.map { (String(cString: $0.id), String(cString: $0.name)) }.sorted { $0.name < $1.name }
    }

    /// Many at once: each image costs a few round trips. One that is gone since it was listed is left out.
    private func each<Value>(
        of names: [String], _ progress: Progress, _ body: (String) throws(RBDFailure) -> Value
    ) throws(RBDFailure) -> [Value] {
        var values: [Value] = []
        for start in stride(from: 0, to: names.count, by: Self.width) {
            let part = Array(names[start..<min(start + Self.width, names.count)])
            for result in atOnce(part, body) {
                do throws(RBDFailure) { values.append(try result.get()) } catch  where error.code == ENOENT {}
            }
            progress.tell(UInt64(start), UInt64(names.count))
        }
        return values
    }

    private static let width = 16

    private func atOnce<Value>(
        _ names: [String], _ body: (String) throws(RBDFailure) -> Value
    ) -> [Result<Value, RBDFailure>] {
        let results = UnsafeMutableBufferPointer<Result<Value, RBDFailure>?>.allocate(capacity: names.count)
        results.initialize(repeating: nil)
        defer { results.deinitialize().deallocate() }
        withoutActuallyEscaping(body) { body in
            nonisolated(unsafe) let (slots, body) = (results, body)
            let group = DispatchGroup()
            for (index, name) in names.enumerated() {
                DispatchQueue.ofItsOwn.async(group: group) {
                    slots[index] = Result { () throws(RBDFailure) in try body(name) }
                }
            }
            group.wait()
        }
        return results.compactMap(\.self)
    }

    private func withOptions(_ body: (rbd_image_options_t) throws(RBDFailure) -> Void) throws(RBDFailure) {
        var options: rbd_image_options_t?
        rbd_image_options_create(&options)
        guard let options else { throw RBDFailure(code: ENOMEM, action: "choosing an image's options") }
        defer { rbd_image_options_destroy(options) }
        try check(
            rbd_image_options_set_uint64(options, Int32(RBD_IMAGE_OPTION_FEATURES), Self.features),
            "choosing an image's features")
        try body(options)
    }
}
