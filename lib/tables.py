"""The tables of the store's database, as migrations: each makes the next version of the schema from the one before.

A migration is a function from the kind of database to its statements. Those that exist are never edited.
"""

OF_MODEL = "p.model_name || '' = :model_name"
"""For rows `p` of the view `predictions` that are found by number: given the name itself, SQLite would go through all
of the model's."""
IDENTITY = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}


def _append_only(dialect: str, table: str) -> list[str]:
    """Return the triggers by which rows of a table can be added, and neither changed, replaced nor removed."""
    message = f"{table} is append-only"
    if dialect == "sqlite":
        return [
            f"""CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} {when}
                BEGIN SELECT RAISE(ABORT, '{message}'); END"""
            # INSERT OR REPLACE removes the old row without waking the trigger for DELETE.
            for verb, when in [
                ("UPDATE", ""),
                ("DELETE", ""),
                ("INSERT", f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"),
            ]
        ]
    return [
        f"""CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{message}'; END $$""",
        f"""CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_refuse()""",
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()""",
    ]


def _decisions_and_files(dialect: str) -> list[str]:
    identity = IDENTITY[dialect]
    return [
        f"""CREATE TABLE decisions (
            id {identity}, at TEXT NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL, model_name TEXT NOT NULL,
            from_version INTEGER, to_version INTEGER, reason TEXT NOT NULL, key TEXT, run_id TEXT,
            details TEXT NOT NULL)""",
        "CREATE INDEX decisions_by_model ON decisions (model_name, kind, id)",
        f"""CREATE TABLE model_files (
            id {identity}, at TEXT NOT NULL, model_name TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,
            sha256 TEXT NOT NULL, UNIQUE (model_name, version, name))""",
        *_append_only(dialect, "decisions"),
        *_append_only(dialect, "model_files"),
    ]


def _windows_and_notices(dialect: str) -> list[str]:
    return [
        """CREATE TABLE windows (
            model_name TEXT NOT NULL, start TEXT NOT NULL, "end" TEXT NOT NULL, model_version INTEGER NOT NULL,
            n BIGINT NOT NULL, payload TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (model_name, start, "end"))""",
        f"""CREATE TABLE notices (
            id {IDENTITY[dialect]}, at TEXT NOT NULL, model_name TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
            severity TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
            tried_at TEXT, sent_at TEXT, error TEXT)""",
    ]


def _predictions_and_labels(dialect: str) -> list[str]:
    """Make the tables of `predictions`: one row a prediction, the truth beside it, and what is counted by day.

    ``prediction`` is text: a class as it is called, or a number with all its digits. ``probability`` is that of the
    positive class, or of the predicted one where there are more than two; empty for a regression.
    """
    identity = IDENTITY[dialect]
    return [
        f"""CREATE TABLE predictions (
            id {identity}, model_name TEXT NOT NULL, batch TEXT NOT NULL, row_key TEXT NOT NULL,
            event_time TEXT NOT NULL, prediction TEXT NOT NULL, probability DOUBLE PRECISION, probabilities TEXT,
            model_version INTEGER NOT NULL, preprocessor_version TEXT NOT NULL, input_hash TEXT NOT NULL,
            at TEXT NOT NULL, UNIQUE (model_name, row_key, model_version, input_hash))""",
        "CREATE INDEX predictions_by_time ON predictions (model_name, event_time)",
        "CREATE INDEX predictions_served ON predictions (model_name, input_hash) WHERE batch = 'served'",
        f"""CREATE TABLE batches (
            id {identity}, model_name TEXT NOT NULL, batch TEXT NOT NULL, model_version INTEGER NOT NULL,
            source TEXT NOT NULL, n_rows INTEGER NOT NULL, n_new INTEGER NOT NULL, n_set_aside INTEGER NOT NULL,
            first_event TEXT NOT NULL, last_event TEXT NOT NULL, inputs TEXT NOT NULL, at TEXT NOT NULL,
            UNIQUE (model_name, batch, model_version))""",
        """CREATE TABLE served_inputs (
            model_name TEXT NOT NULL, row_key TEXT NOT NULL, input_hash TEXT NOT NULL, features TEXT NOT NULL,
            PRIMARY KEY (model_name, row_key, input_hash))""",
        """CREATE TABLE labels (
            model_name TEXT NOT NULL, row_key TEXT NOT NULL, label TEXT NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (model_name, row_key))""",
        f"""CREATE TABLE label_corrections (
            id {identity}, model_name TEXT NOT NULL, row_key TEXT NOT NULL, before TEXT NOT NULL,
            before_at TEXT NOT NULL, after TEXT NOT NULL, at TEXT NOT NULL)""",
        "CREATE INDEX label_corrections_by_row ON label_corrections (model_name, row_key)",
        """CREATE TABLE daily (
            model_name TEXT NOT NULL, model_version INTEGER NOT NULL, day TEXT NOT NULL, n BIGINT NOT NULL,
            total DOUBLE PRECISION NOT NULL, squares DOUBLE PRECISION NOT NULL, n_labelled BIGINT NOT NULL,
            PRIMARY KEY (model_name, model_version, day))""",
        """CREATE TABLE daily_classes (
            model_name TEXT NOT NULL, model_version INTEGER NOT NULL, day TEXT NOT NULL, prediction TEXT NOT NULL,
            n BIGINT NOT NULL, PRIMARY KEY (model_name, model_version, day, prediction))""",
        *_append_only(dialect, "label_corrections"),
    ]


def _served_requests(dialect: str) -> list[str]:
    """Make the table of how many requests were answered, by minute, status and latency class."""
    del dialect
    return [
        """CREATE TABLE served_requests (
            model_name TEXT NOT NULL, minute TEXT NOT NULL, status INTEGER NOT NULL, upper_ms DOUBLE PRECISION NOT NULL,
            n BIGINT NOT NULL, PRIMARY KEY (model_name, minute, status, upper_ms))""",
    ]


def _each_hash_once(dialect: str) -> list[str]:
    """Keep the hash of a row's content once: a key of a batch that begins with it, as most do, is not followed by it.

    ``predictions`` is what it was, to read: a view. A computed column or an index of it would cost SQLite more at each
    row than it spares. The key that no two predictions share begins with what tells them apart, and is half as long,
    which takes a third off the time of writing. Served rows, which are looked up by content, have their hash always.
    """
    kept = """id, model_name, batch, row_key, event_time, prediction, probability, probabilities, model_version,
        preprocessor_version, at"""
    return [
        "DROP INDEX predictions_by_time",
        "DROP INDEX predictions_served",
        f"""CREATE TABLE predicted (
            id {IDENTITY[dialect]}, model_name TEXT NOT NULL, batch TEXT NOT NULL, row_key TEXT NOT NULL,
            event_time TEXT NOT NULL, prediction TEXT NOT NULL, probability DOUBLE PRECISION, probabilities TEXT,
            model_version INTEGER NOT NULL, preprocessor_version TEXT NOT NULL, hash_beside_key TEXT NOT NULL,
            at TEXT NOT NULL, UNIQUE (row_key, model_version, model_name, hash_beside_key))""",
        f"""INSERT INTO predicted ({kept}, hash_beside_key) {"" if dialect == "sqlite" else "OVERRIDING SYSTEM VALUE"}
            SELECT {kept},
                CASE WHEN batch <> 'served' AND input_hash = substr(row_key, 1, 32) THEN '' ELSE input_hash END
            FROM predictions ORDER BY id""",
        "DROP TABLE predictions",
        f"""CREATE VIEW predictions AS SELECT {kept},
            CASE hash_beside_key WHEN '' THEN substr(row_key, 1, 32) ELSE hash_beside_key END AS input_hash
            FROM predicted""",
        "CREATE INDEX predicted_by_time ON predicted (model_name, event_time)",
        "CREATE INDEX predicted_served ON predicted (model_name, hash_beside_key) WHERE batch = 'served'",
        *_goes_on_counting(dialect, "predicted"),
    ]


def _goes_on_counting(dialect: str, table: str) -> list[str]:
    """Return what lets the next row's number follow those that were given; SQLite does so by itself."""
    if dialect == "sqlite":
        return []
    return [f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, false) FROM {table}"]


def _what_rows_share_once(dialect: str) -> list[str]:
    """Keep what many predictions have in common once, and times as numbers: half the bytes, and half the time to write.

    ``versions`` are the models' versions that predicted, ``writings`` what each call or each batch of requests wrote;
    a prediction names both, for the key that no two share and the order of times are within a version. ``event_ms`` is
    in milliseconds since 1970. ``predictions`` is what it was, to read, with ``event_ms`` beside ``event_time``. That
    what a row names is there is left to who writes: PostgreSQL would look for it again with each row.
    """
    keep = "" if dialect == "sqlite" else "OVERRIDING SYSTEM VALUE"
    return [
        "DROP VIEW predictions",
        "DROP INDEX predicted_by_time",
        "DROP INDEX predicted_served",
        "ALTER TABLE predicted RENAME TO predicted_before",
        f"""CREATE TABLE versions (
            id {IDENTITY[dialect]}, model_name TEXT NOT NULL, model_version INTEGER NOT NULL,
            UNIQUE (model_name, model_version))""",
        f"""CREATE TABLE writings (
            id {IDENTITY[dialect]}, version_id BIGINT NOT NULL REFERENCES versions, batch TEXT NOT NULL,
            preprocessor_version TEXT NOT NULL, at TEXT NOT NULL)""",
        f"""CREATE TABLE predicted (
            id {IDENTITY[dialect]}, version_id BIGINT NOT NULL, writing_id BIGINT NOT NULL, served INTEGER NOT NULL,
            row_key TEXT NOT NULL, event_ms BIGINT NOT NULL, prediction TEXT NOT NULL, probability DOUBLE PRECISION,
            probabilities TEXT, hash_beside_key TEXT NOT NULL, UNIQUE (row_key, version_id, hash_beside_key))""",
        """INSERT INTO versions (model_name, model_version)
            SELECT DISTINCT model_name, model_version FROM predicted_before ORDER BY model_name, model_version""",
        """INSERT INTO writings (version_id, batch, preprocessor_version, at)
            SELECT DISTINCT v.id, p.batch, p.preprocessor_version, p.at FROM predicted_before p
            JOIN versions v ON v.model_name = p.model_name AND v.model_version = p.model_version ORDER BY p.at, v.id""",
        f"""INSERT INTO predicted (id, version_id, writing_id, served, row_key, event_ms, prediction, probability,
                probabilities, hash_beside_key) {keep}
            SELECT p.id, v.id, w.id, CASE p.batch WHEN 'served' THEN 1 ELSE 0 END, p.row_key,
                {_MILLISECONDS[dialect]}, p.prediction, p.probability, p.probabilities, p.hash_beside_key
            FROM predicted_before p
            JOIN versions v ON v.model_name = p.model_name AND v.model_version = p.model_version
            JOIN writings w ON w.version_id = v.id AND w.batch = p.batch AND w.at = p.at
                AND w.preprocessor_version = p.preprocessor_version
            ORDER BY p.id""",
        "DROP TABLE predicted_before",
        f"""CREATE VIEW predictions AS SELECT r.id, v.model_name, w.batch, r.row_key, {_AS_TEXT[dialect]} AS event_time,
            r.event_ms, r.prediction, r.probability, r.probabilities, v.model_version, w.preprocessor_version, w.at,
            CASE r.hash_beside_key WHEN '' THEN substr(r.row_key, 1, 32) ELSE r.hash_beside_key END AS input_hash
            FROM predicted r JOIN versions v ON v.id = r.version_id JOIN writings w ON w.id = r.writing_id""",
        "CREATE INDEX predicted_by_time ON predicted (version_id, event_ms)",
        "CREATE INDEX predicted_served ON predicted (hash_beside_key) WHERE served = 1",
        *_goes_on_counting(dialect, "predicted"),
    ]


_MILLISECONDS = {
    "sqlite": "CAST(strftime('%s', p.event_time) AS INTEGER) * 1000 + CAST(substr(p.event_time, 21, 3) AS INTEGER)",
    "postgresql": "round(extract(epoch FROM p.event_time::timestamptz) * 1000)::bigint",
}
"""A time that was text, as ISO 8601 with three digits of a second and of UTC, as a number."""
_AS_TEXT = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%f+00:00', r.event_ms / 1000.0, 'unixepoch')",
    # Whole seconds first: with its milliseconds, a time of centuries from here is more than a float holds.
    "postgresql": """to_char((to_timestamp(r.event_ms / 1000) + mod(r.event_ms, 1000) * interval '1 millisecond')
        AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS') || '+00:00'""",
}
"""And the other way."""


MIGRATIONS = [
    _decisions_and_files,
    _windows_and_notices,
    _predictions_and_labels,
    _served_requests,
    _each_hash_once,
    _what_rows_share_once,
]
"""What makes each version of the schema from the one before; only ever added to."""
