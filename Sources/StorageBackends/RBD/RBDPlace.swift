import HostTools

/// Where a pool of Ceph is, and how it is reached.
package struct RBDPlace: Sendable, Hashable {
    /// The path of a ceph.conf(5).
    package let configuration: String
    /// Without `client.`.
    package let user: String
    package let pool: String
    /// Of the pool; empty for none.
    package let namespace: String
    /// Of the images' names, without its dot.
    package let prefix: String

    package init(configuration: String, user: String, pool: String, namespace: String, prefix: String) {
        self.configuration = configuration
        self.user = user
        self.pool = pool
        self.namespace = namespace
        self.prefix = prefix
    }

    /// As rbd(8) writes it.
    package var path: String { namespace.isEmpty ? pool : "\(pool)/\(namespace)" }

    /// The program that speaks for it; `toolbox` holds it.
    func companion(_ toolbox: Toolbox) throws(HostError) -> Companion {
        let words = [configuration, user, pool]
        return Companion(try toolbox.require(.rbdHelper), namespace.isEmpty ? words : words + [namespace])
    }
}
