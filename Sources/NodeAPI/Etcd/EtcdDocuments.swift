import FoundationEssentials

/// What is said to etcd, as its JSON gateway has it (etcd v3 API reference): bytes in base64, 64-bit numbers as text, and what is zero or
/// empty left out.
enum EtcdDocument {
    struct Grant: Encodable {
        let ttl: String
        enum CodingKeys: String, CodingKey { case ttl = "TTL" }
    }

    struct Lease: Codable {
        let id: String
        enum CodingKeys: String, CodingKey { case id = "ID" }
    }

    /// The gateway wraps an answer of a stream.
    struct KeptAlive: Decodable {
        struct Result: Decodable {
            let ttl: String?
            enum CodingKeys: String, CodingKey { case ttl = "TTL" }
        }
        let result: Result?
    }

    struct Transaction: Encodable {
        let compare: [Compare]
        let success: [Request]
        let failure: [Request]
    }

    struct Compare: Encodable {
        let key: Data
        let target: String
        let result = "EQUAL"
        var createRevision: String?
        var modRevision: String?
        var value: Data?

        enum CodingKeys: String, CodingKey {
            case key, target, result, value
            case createRevision = "create_revision"
            case modRevision = "mod_revision"
        }

        static func isAbsent(_ key: String) -> Compare {
            Compare(key: Data(key.utf8), target: "CREATE", createRevision: "0")
        }
        /// As it was written then; "0" of one that is not there.
        static func isOf(_ key: String, _ revision: String) -> Compare {
            Compare(key: Data(key.utf8), target: "MOD", modRevision: revision)
        }
        static func has(_ key: String, _ value: String) -> Compare {
            Compare(key: Data(key.utf8), target: "VALUE", value: Data(value.utf8))
        }
    }

    struct Request: Encodable {
        struct Key: Encodable {
            let key: Data
            var value: Data?
            var lease: String?
        }
        var put: Key?
        var range: Key?
        var delete: Key?

        enum CodingKeys: String, CodingKey {
            case put = "request_put"
            case range = "request_range"
            case delete = "request_delete_range"
        }

        static func put(_ key: String, _ value: String, lease: String? = nil) -> Request {
            Request(put: Key(key: Data(key.utf8), value: Data(value.utf8), lease: lease))
        }
        static func get(_ key: String) -> Request { Request(range: Key(key: Data(key.utf8))) }
        static func delete(_ key: String) -> Request { Request(delete: Key(key: Data(key.utf8))) }
    }

    struct Outcome: Decodable {
        struct Response: Decodable {
            struct Range: Decodable {
                struct Pair: Decodable {
                    let value: Data?
                    let modRevision: String?
                    enum CodingKeys: String, CodingKey {
                        case value
                        case modRevision = "mod_revision"
                    }
                }
                let kvs: [Pair]?
            }
            let range: Range?
            enum CodingKeys: String, CodingKey { case range = "response_range" }
        }
        let succeeded: Bool?
        let responses: [Response]?

        /// What was read, in its order.
        var values: [EtcdClient.Value] {
            (responses ?? []).compactMap(\.range).map { range in
                let pair = range.kvs?.first
                return .init(
                    text: pair.map { String(decoding: $0.value ?? Data(), as: UTF8.self) },
                    revision: pair?.modRevision ?? "0")
            }
        }
    }

    struct Problem: Decodable {
        let message: String?
        let error: String?
    }
}
