extension CephCluster {
    static let monitor = "[v2:\(address):3300,v1:\(address):6789]"

    /// Two copies on two OSDs of one host, and no more of anything than tests need. A client that has died is forgotten sooner than after 30 seconds.
    static func settings(_ identity: String, _ directory: String) -> String {
        """
        [global]
        fsid = \(identity)
        mon host = \(monitor)
        public addr = \(address)
        auth cluster required = cephx
        auth service required = cephx
        auth client required = cephx
        osd pool default size = 2
        osd pool default min size = 1
        osd pool default pg num = 8
        osd pool default pg autoscale mode = off
        osd client watch timeout = 10
        osd crush chooseleaf type = 0
        mon allow pool delete = true
        mon osd min down reporters = 1
        mon data = \(directory)/mon
        mgr data = \(directory)/mgr
        osd data = \(directory)/osd.$id
        run dir = \(directory)/run
        admin socket = \(directory)/run/$name.asok
        pid file = \(directory)/run/$name.pid
        log file = \(directory)/$name.log
        osd objectstore = bluestore
        bluestore block size = 4294967296
        bluestore block create = true
        bluestore fsck on mount = false
        osd memory target = 939524096
        mgr initial modules =
        mon data avail crit = 1
        mon pg warn min per osd = 0

        """
    }
}
