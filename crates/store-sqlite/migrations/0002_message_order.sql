-- Messages are listed by the second they were written in, then as they were stored: src/read/message.rs says why.
-- SQLite adds the primary key to every index, so each of these is in the list's order, (second, row).

ALTER TABLE message ADD COLUMN second INTEGER GENERATED ALWAYS AS (at / 1000) VIRTUAL;

DROP INDEX message_newest;
DROP INDEX message_of_chat;
DROP INDEX message_of_pn;
DROP INDEX message_of_lid;
CREATE INDEX message_newest ON message (session, second);
CREATE INDEX message_of_chat ON message (session, chat, second);
CREATE INDEX message_of_pn ON message (session, chat_pn, second) WHERE chat_pn IS NOT NULL AND chat_pn <> chat;
CREATE INDEX message_of_lid ON message (session, chat_lid, second) WHERE chat_lid IS NOT NULL AND chat_lid <> chat;
