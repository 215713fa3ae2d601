import HTTPTypes
import NodeAPI
import TestSupport
import Testing

@testable import NodeHTTP

@Suite("Who may do what", .tags(.unit))
struct GateTests {
    private static let admin = Token()
    private static let provisioner = Token()
    private static let reader = Token()
    private static let gate = Gate.tokens([
        Credential(name: "root", role: .admin, hash: admin.hash),
        Credential(name: "csi", role: .provisioner, hash: provisioner.hash),
        Credential(name: "eyes", role: .reader, hash: reader.hash),
    ])
    private static let body = #"{"namespace": "shop", "name": "data", "size": "1Gi"}"#

    struct Case: Sendable {
        let token: String?
        let look: Int
        let change: Int
        let administer: Int
    }

    static let cases = [
        Case(token: nil, look: 401, change: 401, administer: 401),
        Case(token: "Bearer wrong", look: 401, change: 401, administer: 401),
        Case(token: "Bearer ", look: 401, change: 401, administer: 401),
        Case(token: "Basic \(admin.text)", look: 401, change: 401, administer: 401),
        Case(token: "Bearer \(reader.text)", look: 200, change: 403, administer: 403),
        Case(token: "bearer \(provisioner.text)", look: 200, change: 201, administer: 403),
        Case(token: "Bearer \(admin.text)", look: 200, change: 201, administer: 200),
    ]

    @Test("a role may do what it is for and no more", arguments: cases)
    func roles(_ one: Case) async throws {
        try await API.with(gate: Self.gate) { (api) async throws in
            var headers: HTTPFields = [.contentType: "application/json"]
            headers[.authorization] = one.token
            let look = try await api.ask(.get, "/v1/volumes", headers: headers)
            #expect(look.status == one.look)
            #expect((look.headers[.wwwAuthenticate] != nil) == (one.look == 401))
            #expect(try await api.ask(.post, "/v1/volumes", Self.body, headers: headers).status == one.change)
            let rebuild = try await api.ask(.post, "/v1/catalog/rebuild", #"{"dryRun": true}"#, headers: headers)
            #expect(rebuild.status == one.administer)
        }
    }

    @Test("probes need no token")
    func probes() async throws {
        try await API.with(gate: Self.gate) { (api) async throws in
            for path in ["/", "/livez", "/readyz"] { #expect(try await api.ask(.get, path).status == 200) }
        }
    }

    @Test("a hash is written and read back, and only its own token fits")
    func hashes() throws {
        let token = Token()
        let hash = try #require(TokenHash(token.hash.description))
        #expect(hash.matches(token.hash))
        #expect(!hash.matches(Token().hash))
        #expect(!token.hash.description.contains(token.text))
        #expect(TokenHash("sha256:1234") == nil)
        #expect(TokenHash("md5:" + String(repeating: "0", count: 64)) == nil)
        #expect(
            TokenHash(of: "abc").description
                == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
