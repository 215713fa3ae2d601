import Testing

extension Tag {
    /// Nothing of the host is needed; ends in a moment.
    @Tag package static var unit: Self
    /// Runs real tools, mounts or servers on this host.
    @Tag package static var integration: Self
    /// Runs for minutes.
    @Tag package static var soak: Self
}
