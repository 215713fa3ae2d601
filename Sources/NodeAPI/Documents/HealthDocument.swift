/// What `GET /` answers whenever the daemon works: `{"health": "ok"}`.
package struct HealthDocument: Hashable, Sendable, Codable {
    package var health: String

    package init() { health = "ok" }
    package var isOK: Bool { health == "ok" }
}
