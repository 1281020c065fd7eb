-- The emulator's state. Times are seconds since the epoch; JSON columns are written by tables.py only.
CREATE TABLE IF NOT EXISTS state (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS domains (
    number         INTEGER PRIMARY KEY,
    region         TEXT NOT NULL,
    owner          TEXT NOT NULL,
    name           TEXT NOT NULL,
    encryption_key TEXT NOT NULL,
    created        REAL NOT NULL,
    UNIQUE (region, owner, name)
) STRICT;

CREATE TABLE IF NOT EXISTS repositories (
    number        INTEGER PRIMARY KEY,
    uid           TEXT NOT NULL UNIQUE,
    domain        INTEGER NOT NULL REFERENCES domains ON DELETE CASCADE,
    name          TEXT NOT NULL,
    administrator TEXT NOT NULL,
    description   TEXT,
    upstreams     TEXT NOT NULL, -- JSON: [[uid, name], ...] in priority order
    connections   TEXT NOT NULL, -- JSON: [name, ...]
    created       REAL NOT NULL,
    UNIQUE (domain, name)
) STRICT;

CREATE TABLE IF NOT EXISTS packages (
    number     INTEGER PRIMARY KEY,
    repository INTEGER NOT NULL REFERENCES repositories ON DELETE CASCADE,
    format     TEXT NOT NULL,
    namespace  TEXT NOT NULL,
    name       TEXT NOT NULL,
    publish    TEXT NOT NULL,
    upstream   TEXT NOT NULL,
    UNIQUE (repository, format, namespace, name)
) STRICT;

CREATE TABLE IF NOT EXISTS versions (
    number            INTEGER PRIMARY KEY,
    package           INTEGER NOT NULL REFERENCES packages ON DELETE CASCADE,
    version           TEXT NOT NULL,
    status            TEXT NOT NULL,
    revision          TEXT NOT NULL,
    origin_type       TEXT NOT NULL,
    origin_repository TEXT,
    origin_connection TEXT,
    published         REAL NOT NULL,
    manifest          TEXT NOT NULL, -- JSON
    UNIQUE (package, version)
) STRICT;

CREATE TABLE IF NOT EXISTS assets (
    number     INTEGER PRIMARY KEY,
    version    INTEGER NOT NULL REFERENCES versions ON DELETE CASCADE,
    name       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    md5        TEXT NOT NULL,
    sha1       TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    sha512     TEXT NOT NULL,
    attributes TEXT NOT NULL, -- JSON object of strings
    UNIQUE (version, name)
) STRICT;

CREATE INDEX IF NOT EXISTS assets_by_content ON assets (sha256);

CREATE TABLE IF NOT EXISTS tags (
    arn   TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) STRICT;

CREATE TABLE IF NOT EXISTS listings (
    connection TEXT NOT NULL,
    format     TEXT NOT NULL,
    namespace  TEXT NOT NULL,
    name       TEXT NOT NULL,
    fetched    REAL NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (connection, format, namespace, name)
) STRICT;

CREATE TABLE IF NOT EXISTS policies (
    arn      TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    revision TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS package_groups (
    number       INTEGER PRIMARY KEY,
    domain       INTEGER NOT NULL REFERENCES domains ON DELETE CASCADE,
    pattern      TEXT NOT NULL,
    contact_info TEXT,
    description  TEXT,
    modes        TEXT NOT NULL, -- JSON object: restriction -> mode
    allowed      TEXT NOT NULL, -- JSON object: restriction -> [repository name, ...]
    created      REAL NOT NULL,
    UNIQUE (domain, pattern)
) STRICT;

-- Every domain has its root group; `domains` has no other way in, nor has a state of before.
CREATE TRIGGER IF NOT EXISTS root_group AFTER INSERT ON domains BEGIN
    INSERT INTO package_groups (domain, pattern, modes, allowed, created)
    VALUES (new.number, '/*', '{}', '{}', new.created);
END;

INSERT OR IGNORE INTO package_groups (domain, pattern, modes, allowed, created)
SELECT number, '/*', '{}', '{}', created FROM domains;
