-- One file for the whole gateway. Every table that belongs to a session has the session first in its key, as a small
-- number; `session_number` maps it to the id that the outside knows. Numbers and event counters outlive a session.
-- Times are milliseconds since 1970 in `*_at` columns of ours, seconds where WhatsApp's own library counts in seconds.

PRAGMA application_id = 1164864609; -- 'Enla', so that another program's file is never taken for ours

CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session_number (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    event_floor INTEGER NOT NULL DEFAULT 0 -- highest session_seq that retention has removed
) STRICT;

CREATE TABLE session (
    session     INTEGER PRIMARY KEY ,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT,
    network     TEXT NOT NULL,
    desired     TEXT NOT NULL,
    state_name  TEXT NOT NULL,
    state       TEXT NOT NULL, -- JSON
    linked      INTEGER NOT NULL,
    phone       TEXT,
    expect_phone TEXT, -- the only number that may complete the link under way
    lid         TEXT,
    push_name   TEXT,
    metadata    TEXT NOT NULL, -- JSON object
    settings    TEXT NOT NULL, -- JSON object
    qr_count    INTEGER NOT NULL,
    round_count INTEGER NOT NULL,
    code_count  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    search      TEXT NOT NULL  -- id, name and phone in lower case, one per line
) STRICT;
CREATE INDEX session_oldest_first ON session (created_at, id);

CREATE TABLE message (
    row       INTEGER PRIMARY KEY,
    session   INTEGER NOT NULL,
    id        TEXT NOT NULL,
    wa_id     TEXT NOT NULL,
    chat      TEXT NOT NULL,
    chat_pn   TEXT,
    chat_lid  TEXT,
    from_jid  TEXT NOT NULL,
    from_pn   TEXT,
    from_lid  TEXT,
    from_me   INTEGER NOT NULL,
    push_name TEXT,
    at        INTEGER NOT NULL,
    status    INTEGER NOT NULL, -- a code, see src/rows/message.rs
    error     TEXT,
    content   TEXT NOT NULL     -- JSON
) STRICT;
CREATE UNIQUE INDEX message_id ON message (session, id);
CREATE UNIQUE INDEX message_once ON message (session, wa_id, chat, from_jid, from_me);
CREATE INDEX message_newest ON message (session, at, id);
CREATE INDEX message_of_chat ON message (session, chat, at, id);
CREATE INDEX message_of_pn ON message (session, chat_pn, at, id) WHERE chat_pn IS NOT NULL AND chat_pn <> chat;
CREATE INDEX message_of_lid ON message (session, chat_lid, at, id) WHERE chat_lid IS NOT NULL AND chat_lid <> chat;
CREATE INDEX message_queued ON message (session, at, id) WHERE status = 0;

CREATE TABLE idempotency (
    session     INTEGER NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    message     TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (session, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE event (
    seq         INTEGER PRIMARY KEY,
    session     INTEGER NOT NULL,
    session_seq INTEGER NOT NULL,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    is_history  INTEGER NOT NULL,
    data        TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX event_of_session ON event (session); -- SQLite adds the primary key: (session, seq)

CREATE TABLE api_key (
    id           TEXT PRIMARY KEY NOT NULL,
    hash         BLOB NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL, -- JSON array
    sessions     TEXT,          -- JSON array; NULL is all
    is_admin     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

-- WhatsApp keys. `wa_record` holds every record that is opaque to SQL, sealed; `kind` is listed in
-- src/key_store/record.rs. The other tables hold what SQL must see into, with their secrets sealed.
CREATE TABLE wa_record (
    session  INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    key      BLOB NOT NULL,
    sealed   BLOB NOT NULL,
    at       INTEGER, -- seconds; for kinds that are swept by age
    uploaded INTEGER, -- for pre-keys
    PRIMARY KEY (session, kind, key)
) STRICT;
CREATE INDEX wa_record_age ON wa_record (session, kind, at) WHERE at IS NOT NULL;

CREATE TABLE wa_mutation_mac (
    session    INTEGER NOT NULL,
    collection TEXT NOT NULL,
    index_mac  BLOB NOT NULL,
    version    INTEGER NOT NULL,
    value_mac  BLOB NOT NULL,
    PRIMARY KEY (session, collection, index_mac)
) STRICT, WITHOUT ROWID;

CREATE TABLE wa_sender_key_device (
    session INTEGER NOT NULL,
    "group" TEXT NOT NULL,
    device  TEXT NOT NULL,
    has_key INTEGER NOT NULL,
    PRIMARY KEY (session, "group", device)
) STRICT, WITHOUT ROWID;
CREATE INDEX wa_sender_key_device_everywhere ON wa_sender_key_device (session, device);

CREATE TABLE wa_lid_mapping (
    row        INTEGER PRIMARY KEY,
    session    INTEGER NOT NULL,
    lid        TEXT NOT NULL,
    phone      TEXT NOT NULL,
    created_at INTEGER NOT NULL, -- seconds
    updated_at INTEGER NOT NULL, -- seconds
    source     TEXT NOT NULL,
    UNIQUE (session, lid)
) STRICT;
CREATE INDEX wa_lid_mapping_by_phone ON wa_lid_mapping (session, phone, updated_at);

CREATE TABLE wa_tc_token (
    session          INTEGER NOT NULL,
    jid              TEXT NOT NULL,
    sealed           BLOB NOT NULL,    -- empty for a placeholder without a token
    token_timestamp  INTEGER NOT NULL, -- seconds
    sender_timestamp INTEGER,          -- seconds
    PRIMARY KEY (session, jid)
) STRICT, WITHOUT ROWID;

CREATE TABLE wa_message_secret (
    session           INTEGER NOT NULL,
    chat              TEXT NOT NULL,
    sender            TEXT NOT NULL,
    id                TEXT NOT NULL,
    sealed            BLOB NOT NULL,
    expires_at        INTEGER NOT NULL, -- seconds; 0 is never
    message_timestamp INTEGER NOT NULL, -- seconds; 0 is unknown
    PRIMARY KEY (session, chat, sender, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX wa_message_secret_expiry ON wa_message_secret (session, expires_at) WHERE expires_at > 0;
