import GRDB

/// The catalog's schema, one migration a released version; a migration that was released never changes.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: volumes, snapshots, operations") { database in
            try createVolumes(database)
            try createSnapshots(database)
            try createOperations(database)
        }
        migrator.registerMigration("2: what a volume was created with") { database in
            try addCreatedWith(database)
        }
        migrator.registerMigration("3: the fsid of an adopted volume") { database in
            // Null for its own, the id.
            try database.alter(table: "volume") { $0.add(column: "fsid", .text) }
            try database.create(index: "volumeByFSID", on: "volume", columns: ["fsid"], options: [.unique])
        }
        return migrator
    }

    /// The settings of the request that made it, which a repeated request names again whatever was changed since. Of
    /// volumes from before only the present ones are known. A `VolumeSettings` as JSON.
    private static func addCreatedWith(_ database: Database) throws {
        try database.alter(table: "volume") { $0.add(column: "createdWith", .text) }
        try database.execute(
            sql: """
                UPDATE volume SET createdWith =
                json_object('capacity', capacity, 'squash', squash, 'clients', json(clients))
                """)
    }

    private static func createVolumes(_ database: Database) throws {
        try database.create(table: "volume", options: [.strict]) { table in
            table.column("namespace", .text).notNull()
            table.column("name", .text).notNull()
            table.column("id", .text).notNull().unique()
            table.column("exportID", .integer).notNull().unique()
            table.column("path", .text).notNull().unique()
            table.column("pool", .text).notNull().indexed()
            table.column("filesystem", .text).notNull()
            table.column("capacity", .integer).notNull()
            table.column("squash", .text).notNull()
            table.column("clients", .text).notNull()
            table.column("phase", .text).notNull()
            table.column("abnormal", .text)
            table.column("createdAt", .real).notNull()
            table.column("source", .text)
            table.primaryKey(["namespace", "name"])
        }
        // The last export id given out: a new volume never gets the number a deleted one had a moment ago.
        try database.create(table: "exportCounter", options: [.strict]) { table in
            table.column("last", .integer).notNull()
        }
        try database.execute(sql: "INSERT INTO exportCounter (last) VALUES (0)")
    }

    private static func createSnapshots(_ database: Database) throws {
        try database.create(table: "snapshot", options: [.strict]) { table in
            table.column("namespace", .text).notNull()
            table.column("volume", .text).notNull()
            table.column("name", .text).notNull()
            table.column("originID", .text).notNull()
            table.column("pool", .text).notNull()
            table.column("filesystem", .text).notNull()
            table.column("capacity", .integer).notNull()
            table.column("createdAt", .real).notNull()
            table.column("isReady", .integer).notNull()
            table.primaryKey(["namespace", "volume", "name"])
            table.foreignKey(["namespace", "volume"], references: "volume", columns: ["namespace", "name"])
        }
    }

    private static func createOperations(_ database: Database) throws {
        try database.create(table: "operation", options: [.strict]) { table in
            table.autoIncrementedPrimaryKey("sequence")
            table.column("id", .text).notNull().unique()
            table.column("namespace", .text).notNull()
            table.column("name", .text).notNull()
            table.column("volumeID", .text).notNull()
            table.column("plan", .text).notNull()
            table.column("state", .text).notNull().indexed()
            table.column("cursor", .integer).notNull()
            table.column("step", .text).notNull()
            table.column("failure", .text)
            table.column("startedAt", .real).notNull()
            table.column("endedAt", .real)
        }
    }
}
