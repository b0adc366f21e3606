-- What a session is called in the foreign APIs that are served here. A number that counts sessions there is given once: its
-- row stays, without a session.

CREATE TABLE alias (
    dialect TEXT NOT NULL,
    name    TEXT NOT NULL, -- in its one form
    session INTEGER,
    token   BLOB,          -- sealed; of a dialect that has tokens
    PRIMARY KEY (dialect, name)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alias_of_session ON alias (session, dialect) WHERE session IS NOT NULL;
