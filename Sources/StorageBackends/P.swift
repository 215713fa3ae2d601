enum PlaceholderStorageBackends {}
