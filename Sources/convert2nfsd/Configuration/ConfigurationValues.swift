import Logging
import NodeAPI
import NodeHTTP
import StorageCore
import Yams

/// What single values of the file may be. Each throws a `Refusal` with what was found and what is allowed.
enum ConfigurationValue {
    static func text(_ node: Node) throws(Refusal) -> String {
        guard let scalar = node.scalar else { throw Refusal("found \(node.kind), expected text") }
        guard node.tag.rawValue == Tag.Name.str.rawValue else {
            throw Refusal("found \(node.kind), expected text; in quotes it is: \"\(scalar.string.shown)\"")
        }
        return scalar.string
    }

    static func label<Kind>(_ node: Node, as _: Label<Kind>.Type = Label<Kind>.self) throws(Refusal) -> Label<Kind> {
        let text = try text(node)
        do { return try Label<Kind>(text) } catch { throw Refusal(error.message) }
    }

    static func choice<Choice>(_ node: Node, of _: Choice.Type = Choice.self) throws(Refusal) -> Choice
    where Choice: RawRepresentable<String> & CaseIterable {
        let text = try text(node)
        guard let choice = Choice(rawValue: text) else {
            throw Refusal("found \"\(text.shown)\"; allowed: \(Choice.allCases.map(\.rawValue).listed)")
        }
        return choice
    }

    /// Plain decimal digits: YAML 1.1 reads 010 as eight and 1:20 as eighty, which nobody means here.
    static func port(_ node: Node) throws(Refusal) -> UInt16 {
        let refusal = Refusal("found \(node.kind), expected a port from 1 to 65535")
        guard let scalar = node.scalar, node.tag.rawValue == Tag.Name.int.rawValue else { throw refusal }
        guard let port = UInt16(scalar.string), port > 0, String(port) == scalar.string else { throw refusal }
        guard port != 111 else { throw Refusal("found 111, which is rpcbind's; use another port") }
        return port
    }

    /// Plain decimal digits, as for a port.
    static func number(_ node: Node, in range: ClosedRange<Int>, _ what: String) throws(Refusal) -> Int {
        let refusal = Refusal("found \(node.kind), expected \(what) from \(range.lowerBound) to \(range.upperBound)")
        guard let text = node.scalar?.string, node.tag.rawValue == Tag.Name.int.rawValue, let number = Int(text),
            String(number) == text, range.contains(number)
        else { throw refusal }
        return number
    }

    /// Seconds with at most two digits after the point, in hundredths (RFC 5798, section 5.2.7).
    static func centiseconds(_ node: Node) throws(Refusal) -> Int {
        let isNumber = [Tag.Name.int.rawValue, Tag.Name.float.rawValue].contains(node.tag.rawValue)
        guard isNumber, let seconds = node.scalar.flatMap({ Double($0.string) }), (0.05...40).contains(seconds) else {
            throw Refusal("found \(node.kind), expected seconds from 0.05 to 40")
        }
        return Int((seconds * 100).rounded())
    }

    static func address(_ node: Node) throws(Refusal) -> ClientAddress {
        let text = try text(node)
        guard let address = try? ClientAddress(text), address.isSingle else {
            throw Refusal("found \"\(text.shown)\", expected an address, like 192.0.2.11")
        }
        return address
    }

    /// The lock manager and rpc.statd listen on the next two ports.
    static func mountdPort(_ node: Node) throws(Refusal) -> UInt16 {
        let port = try port(node)
        guard port < 109 || port > 110 else {
            let other = port == 110 ? "the lock manager" : "rpc.statd"
            throw Refusal("found \(port); \(other) would get 111, which is rpcbind's")
        }
        guard port <= 65533 else {
            throw Refusal("found \(port); the lock manager and rpc.statd need the next two ports, so use 65533 or less")
        }
        return port
    }

    /// At most 1,000, so that sizes times it stay within what can be counted.
    static func overcommit(_ node: Node) throws(Refusal) -> Double {
        let isNumber = [Tag.Name.int.rawValue, Tag.Name.float.rawValue].contains(node.tag.rawValue)
        guard isNumber, let text = node.scalar?.string, let factor = Double(text), factor >= 1, factor <= 1000 else {
            throw Refusal("found \(node.kind), expected a number from 1 (promise only what is there) to 1000")
        }
        return factor
    }

    /// The name of a volume group or a logical volume (lvm(8), "VALID NAMES").
    static func lvmName(_ node: Node) throws(Refusal) -> String {
        let text = try text(node)
        let isPlain = text.utf8.allSatisfy { byte in
            isLetter(byte) || (0x30...0x39).contains(byte) || Array("+_.-".utf8).contains(byte)
        }
        guard isPlain, (1...100).contains(text.utf8.count), text.first != "-", text != ".", text != ".." else {
            throw Refusal(
                "found \"\(text.shown)\", expected a name as lvs and vgs show it: at most 100 letters, digits, '+', '_', "
                    + "'.' and '-', not beginning with '-'")
        }
        return text
    }

    /// Of a user, a pool or a namespace of Ceph: what needs no quoting anywhere, the kernel's list of options included.
    static func cephName(_ node: Node) throws(Refusal) -> String {
        let text = try text(node)
        let isPlain = text.utf8.allSatisfy { byte in
            isLetter(byte) || (0x30...0x39).contains(byte) || Array("_.-".utf8).contains(byte)
        }
        guard isPlain, (1...100).contains(text.utf8.count), !"-.".contains(text.first ?? "-") else {
            throw Refusal(
                "found \"\(text.shown)\", expected a name as ceph shows it, without \"client.\": at most 100 letters, "
                    + "digits, '_', '.' and '-', beginning with none of the last two")
        }
        return text
    }

    /// As the kernel takes it: 15 characters at most (netdevice(7)).
    static func interface(_ node: Node) throws(Refusal) -> String {
        let text = try text(node)
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !Array("/\"{}#!".utf8).contains($0) }
        guard isPlain, (1...15).contains(text.utf8.count) else {
            throw Refusal("found \"\(text.shown)\", expected the name of a network interface, like eth0")
        }
        return text
    }

    static func percentage(_ node: Node) throws(Refusal) -> Double {
        let isNumber = [Tag.Name.int.rawValue, Tag.Name.float.rawValue].contains(node.tag.rawValue)
        guard isNumber, let text = node.scalar?.string, let percent = Double(text), (0...90).contains(percent) else {
            throw Refusal("found \(node.kind), expected a percentage from 0 to 90")
        }
        return percent
    }

    /// An absolute path, without empty, `.` and `..` parts. Only characters that every configuration file and
    /// address it is written into (the NFS server's, the private bus's) reads as they are.
    static func path(_ node: Node) throws(Refusal) -> String {
        let text = try text(node)
        let parts = text.split(separator: "/")
        guard text.hasPrefix("/"), !parts.isEmpty, !parts.contains("."), !parts.contains("..") else {
            throw Refusal("found \"\(text.shown)\", expected an absolute path below /, without . and ..")
        }
        let isPlain = text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x2D...0x39).contains(byte) || byte == 0x5F
        }
        guard isPlain else {
            throw Refusal("found \"\(text.shown)\"; a path may hold letters, digits, '/', '.', '_' and '-'")
        }
        return "/" + parts.joined(separator: "/")
    }

    /// A path that fits into a socket's address (unix(7): 108 bytes with the final zero), `reserve` bytes of other
    /// names included.
    static func socketPath(_ node: Node, reserve: Int = 0) throws(Refusal) -> String {
        let path = try path(node)
        guard path.utf8.count + reserve <= 107 else {
            throw Refusal(
                "the path has \(path.utf8.count) characters, at most \(107 - reserve) fit into a socket's address")
        }
        return path
    }

    static func template(_ node: Node, root: String) throws(Refusal) -> PathTemplate {
        let pattern = try text(node)
        do { return try PathTemplate(root: root, pattern: pattern) } catch { throw Refusal(error.message) }
    }

    static func listen(_ node: Node) throws(Refusal) -> ListenAddress {
        let text = try text(node)
        guard let address = ListenAddress(text) else {
            throw Refusal(
                "found \"\(text.shown)\", expected address:port, like 127.0.0.1:8080 or [::1]:8080, the port from 1 to 65535"
            )
        }
        return address
    }

    /// An address or a DNS name (RFC 1123, section 2.1); not 0.0.0.0, which nobody can mount from.
    static func host(_ node: Node) throws(Refusal) -> String {
        let text = try text(node)
        if IPAddress.family(of: text) != nil, !IPAddress.isUnspecified(text) { return text }
        let isName =
            text.utf8.count <= 253 && !text.utf8.allSatisfy { !isLetter($0) } && IPAddress.family(of: text) == nil
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard isName, labels.allSatisfy({ (try? Label<NodeNameKind>($0.lowercased())) != nil }) else {
            throw Refusal(
                "found \"\(text.shown)\", expected the address or the host name that clients mount from, without a port"
            )
        }
        return text
    }

    /// Of a server that is spoken to by HTTP.
    static func endpoint(_ node: Node) throws(Refusal) -> String {
        let text = try text(node)
        guard case .url(let url)? = try? ServerAddress(text) else {
            throw Refusal(
                "found \"\(text.shown)\", expected http:// or https://, host and port, like http://192.0.2.20:2379")
        }
        return url
    }

    /// `sha256:` and the digest as sha256sum(1) prints it.
    static func hash(_ node: Node) throws(Refusal) -> TokenHash {
        guard let hash = TokenHash(try text(node)) else {
            throw Refusal(
                // Not shown: somebody may have written the secret itself.
                "expected \"sha256:\" and 64 hexadecimal digits, as \"convert2nfsd token\" prints them")
        }
        return hash
    }

    /// One option of mount.nfs(8), as it goes into a manifest's list.
    static func mountOption(_ node: Node) throws(Refusal) -> String {
        let text = try text(node)
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !Array(",\"'\\`#".utf8).contains($0) }
        guard isPlain, (1...128).contains(text.utf8.count) else {
            throw Refusal(
                "found \"\(text.shown)\", expected one mount option, like hard or timeo=600, without spaces, commas and quotes"
            )
        }
        return text
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
