extension Machine {
    /// Runs a shell's condition again and again until it holds. Throws with what it said last if it does not within half a minute and as
    /// long as it takes.
    package func insist(_ condition: String) async throws {
        try await sh(
            """
            for try in $(seq 60); do
                if \(condition); then exit 0; fi
                sleep 0.5
            done >/tmp/said 2>&1
            cat /tmp/said >&2
            exit 1
            """, deadline: .seconds(120))
    }
}
