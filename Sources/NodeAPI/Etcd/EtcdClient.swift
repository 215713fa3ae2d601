import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import StorageCore

/// A client of etcd v3 for one lease and a few keys, by the JSON gateway of each of its members. Every call has a deadline, over all
/// members together; the member that answered last is asked first.
package actor EtcdClient {
    private var endpoints: [String]
    private let timeout: Duration
    private let http: HTTPClient

    /// `endpoints` are `http://` or `https://`, host and port.
    package init(endpoints: [String], timeout: Duration) {
        self.endpoints = endpoints
        self.timeout = timeout
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = TimeAmount(timeout / endpoints.count)
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    package func close() async { try? await http.shutdown() }

    // MARK: Leases

    /// A new one; answers its number.
    package func grantLease(seconds: Int) async throws(StorageError) -> String {
        let lease: EtcdDocument.Lease = try await call("lease/grant", EtcdDocument.Grant(ttl: "\(seconds)"))
        return lease.id
    }

    /// Answers whether there is such a lease still; its time begins anew then.
    package func keepAlive(_ lease: String) async throws(StorageError) -> Bool {
        let kept: EtcdDocument.KeptAlive = try await call("lease/keepalive", EtcdDocument.Lease(id: lease))
        return (kept.result?.ttl.flatMap { Int($0) } ?? 0) > 0
    }

    // MARK: Keys

    /// What a key has.
    package struct Value: Sendable {
        /// Nil of a key that is not there.
        package let text: String?
        /// When it was written; `0` of a key that is not there.
        package let revision: String
    }

    /// Ensures that `key` has `value` for as long as the lease lasts, if it has no other value. Answers what it has, and what `other` has.
    package func claim(
        _ key: String, _ value: String, lease: String, reading other: String
    ) async throws(StorageError) -> (holder: Value, other: Value) {
        let reads: [EtcdDocument.Request] = [.get(key), .get(other)]
        let write: [EtcdDocument.Request] = [.put(key, value, lease: lease)]
        // One that this node has had under a lease before goes on under the new one.
        var outcome = try await transact([.has(key, value)], write + reads, else: reads)
        if outcome.values.first?.text == nil {
            outcome = try await transact([.isAbsent(key)], write + reads, else: reads)
        }
        guard outcome.values.count == 2 else { throw StorageError(.unavailable, "etcd does not answer as etcd does") }
        return (outcome.values[0], outcome.values[1])
    }

    package func read(_ key: String) async throws(StorageError) -> Value {
        guard let value = try await transact([], [.get(key)], else: []).values.first else {
            throw StorageError(.unavailable, "etcd does not answer as etcd does")
        }
        return value
    }

    /// Ensures that `key` has that value, or is not there, if `condition` has `expected`, and `key` was last written at `revision`, where
    /// that is given; answers whether it is so.
    package func set(
        _ key: String, to value: String?, at revision: String? = nil, whileKey condition: String, has expected: String
    ) async throws(StorageError) -> Bool {
        let change = value.map { EtcdDocument.Request.put(key, $0) } ?? .delete(key)
        var conditions: [EtcdDocument.Compare] = [.has(condition, expected)]
        if let revision { conditions.append(.isOf(key, revision)) }
        return try await transact(conditions, [change], else: []).succeeded == true
    }

    private func transact(
        _ conditions: [EtcdDocument.Compare], _ success: [EtcdDocument.Request], else failure: [EtcdDocument.Request]
    ) async throws(StorageError) -> EtcdDocument.Outcome {
        try await call("kv/txn", EtcdDocument.Transaction(compare: conditions, success: success, failure: failure))
    }

    // MARK: The wire

    private func call<Answer: Decodable & Sendable>(
        _ path: String, _ question: some Encodable
    ) async throws(StorageError) -> Answer {
        let body: Data
        do { body = try JSONEncoder().encode(question) } catch { throw .wrap(error) }
        var refusal = StorageError(.unavailable, "no endpoint of etcd is known")
        for endpoint in endpoints {
            do throws(StorageError) {
                let data = try await post("\(endpoint)/v3/\(path)", body)
                if endpoint != endpoints.first {
                    endpoints.removeAll { $0 == endpoint }
                    endpoints.insert(endpoint, at: 0)
                }
                do { return try JSONDecoder().decode(Answer.self, from: data) } catch {
                    throw StorageError(.unavailable, "\(endpoint) does not answer as etcd does", cause: error)
                }
            } catch { refusal = error }
        }
        throw refusal
    }

    private static let bodyLimit = 1 << 20

    private func post(_ url: String, _ body: Data) async throws(StorageError) -> Data {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(body)
        do {
            let (status, answer) = try await withDeadline(timeout / endpoints.count) { [http, request] in
                let response = try await http.execute(request, deadline: .distantFuture)
                let body = try await response.body.collect(upTo: Self.bodyLimit)
                return (response.status, Data(body.readableBytesView))
            }
            guard status == .ok else {
                let problem = try? JSONDecoder().decode(EtcdDocument.Problem.self, from: answer)
                throw StorageError(
                    .unavailable, "\(url) answered \(status.code): \(problem?.message ?? problem?.error ?? "")")
            }
            return answer
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.unavailable, "\(url) does not answer: \(error)", cause: error)
        }
    }
}
