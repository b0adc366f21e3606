-- Who did what to keys and links. Rows are numbered as they come and the oldest are dropped: src/writer/change/audit.rs.

CREATE TABLE audit (
    row     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    action  TEXT NOT NULL,
    key     TEXT, -- the key that did it
    address TEXT, -- where the request came from
    session TEXT, -- the session it was done to, which may be gone
    target  TEXT, -- the key it was done to, which may be gone
    data    TEXT NOT NULL -- JSON object
) STRICT;
CREATE INDEX audit_age ON audit (at);

CREATE INDEX api_key_oldest_first ON api_key (created_at, id);
