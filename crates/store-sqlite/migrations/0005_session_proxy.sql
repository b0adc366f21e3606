-- What a session's connections go through. Sealed, as it may hold a password; NULL where they go directly.

ALTER TABLE session ADD COLUMN proxy BLOB;
