CREATE TABLE ledger (
    version BIGINT NOT NULL
);
INSERT INTO ledger (version) VALUES (0);
-- One row for each thing that happened, in the order in which it happened, without gaps. Never changed, never removed.
-- `digest` covers the row and the digest of the row before it.
CREATE TABLE event (
    number BIGINT PRIMARY KEY,
    board TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    station TEXT NOT NULL,
    operator TEXT NOT NULL,
    at TEXT NOT NULL,
    digest TEXT NOT NULL
);
-- What the events add up to, so that nobody need read them all. `ledger verify` compares.
CREATE TABLE board (
    name TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    event BIGINT NOT NULL
);
-- What a request got: nobody else gets it.
CREATE TABLE claim (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (kind, value)
);
-- Where the next number of a range is looked for. Numbers as 16 hexadecimal digits.
CREATE TABLE allotment (
    kind TEXT NOT NULL,
    first TEXT NOT NULL,
    next TEXT NOT NULL,
    PRIMARY KEY (kind, first)
);
CREATE INDEX events_of_board ON event (board, number);
