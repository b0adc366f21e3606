-- Devices that were unlinked while the network could not be told. A row outlives its session: it goes when the network
-- knows. `keys` and `proxy` are sealed.

CREATE TABLE retired_device (
    id       TEXT PRIMARY KEY NOT NULL,
    session  TEXT NOT NULL, -- the id, not the number: the session may be gone
    network  TEXT NOT NULL,
    proxy    BLOB,          -- what its session's connections went through; NULL where they went directly
    keys     BLOB NOT NULL,
    since_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
