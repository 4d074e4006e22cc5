"""The schema, one function a change. Append; never edit one that has shipped."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from bot.errors import Fault

migrations = Migrations("callwarden")


def check_ours(db: Database, path: str) -> None:
    """Raise Fault before anything is changed in a file that is another program's, or that a
    newer Callwarden has changed in ways we do not know."""
    applied = {step.name for step in migrations.applied(db)}
    if not applied and set(db.table_names()) - {migrations.migrations_table}:
        raise Fault(f"{path} is not a Callwarden store: another program's tables are in it.")
    fresh = Database(memory=True)
    known = {step.name for step in migrations.pending(fresh)}
    fresh.close()
    if unknown := sorted(applied - known):
        raise Fault(
            f"{path} was written by a newer Callwarden ({', '.join(unknown)}). Run that one."
        )


@migrations()
def m001_first_slice(db: Database) -> None:
    """Records to ledger: everything from a record's arrival to a recorded decision."""
    for statement in _FIRST_SLICE:
        db.execute(statement)


@migrations()
def m002_who_has_an_alert(db: Database) -> None:
    """Alerts can be found by who has them, by their actor, and by where their card stands."""
    db.execute("ALTER TABLE alerts ADD COLUMN owner TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE alerts ADD COLUMN actor TEXT NOT NULL DEFAULT ''")
    db.execute(
        "UPDATE alerts SET"
        " owner = coalesce(json_extract(CAST(body AS TEXT), '$.resolved.by.user'),"
        " json_extract(CAST(body AS TEXT), '$.taken.by.user'), ''),"
        " actor = lower(json_extract(CAST(body AS TEXT), '$.actor.name') || char(10) ||"
        " json_extract(CAST(body AS TEXT), '$.actor.principal'))"
    )
    db.execute("CREATE INDEX alerts_card ON alerts (ts) WHERE ts <> ''")
    db.execute("CREATE INDEX alerts_owner ON alerts (owner) WHERE owner <> ''")


@migrations()
def m003_snoozes(db: Database) -> None:
    """What people do not want to hear of for a while."""
    db.execute(
        "CREATE TABLE snoozes (id TEXT PRIMARY KEY, alert TEXT NOT NULL, key TEXT NOT NULL,"
        " state TEXT NOT NULL, until TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL) STRICT"
    )
    db.execute("CREATE INDEX snoozes_standing ON snoozes (until) WHERE state <> 'over'")


@migrations()
def m004_what_happened_around(db: Database) -> None:
    """Records can be found by actor, target and address around a moment."""
    db.execute("ALTER TABLE records ADD COLUMN target TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX records_actor ON records (principal, time) WHERE principal <> ''")
    db.execute("CREATE INDEX records_target ON records (target, time) WHERE target <> ''")
    db.execute("CREATE INDEX records_address ON records (source_ip, time) WHERE source_ip <> ''")


@migrations()
def m005_pages_and_escalation(db: Database) -> None:
    """Pages wait in a queue of their own, and each step of escalation is taken once."""
    for statement in _PAGES:
        db.execute(statement)


_PAGES = (
    """
    CREATE TABLE pages (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        level TEXT NOT NULL,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        queued_at TEXT NOT NULL,
        due_at TEXT NOT NULL,
        done_at TEXT NOT NULL,
        error TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX pages_line ON pages (seq) WHERE state IN ('waiting', 'sending')",
    "CREATE INDEX pages_subject ON pages (subject, kind)",
    "CREATE INDEX pages_state ON pages (state, done_at)",
    """
    CREATE TABLE escalations (
        key TEXT PRIMARY KEY,
        alert TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX escalations_at ON escalations (at)",
)


@migrations()
def m006_how_soon_cards_come(db: Database) -> None:
    """How long each first card took after what it is about, for the newest of them."""
    db.execute(
        "CREATE TABLE delays (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, seconds REAL NOT NULL)"
        " STRICT"
    )


@migrations()
def m007_how_the_feeds_are(db: Database) -> None:
    """Since when each source is watched, its longest silence by day, and its troubles."""
    for statement in _FEEDS:
        db.execute(statement)


_FEEDS = (
    "CREATE TABLE feeds (source TEXT PRIMARY KEY, since TEXT NOT NULL, last_at TEXT NOT NULL)"
    " STRICT",
    """
    CREATE TABLE gaps (
        source TEXT NOT NULL,
        day TEXT NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (source, day)
    ) STRICT
    """,
    """
    CREATE TABLE troubles (
        source TEXT NOT NULL,
        rule TEXT NOT NULL,
        since TEXT NOT NULL,
        ended TEXT NOT NULL,
        told INTEGER NOT NULL,
        PRIMARY KEY (source, rule)
    ) STRICT
    """,
    "CREATE INDEX unreadable_at ON unreadable (source, at)",
)


@migrations()
def m008_exemptions(db: Database) -> None:
    """What is always expected, and which findings it hid: those are in no alert."""
    db.execute(
        "CREATE TABLE exemptions (id TEXT PRIMARY KEY, alert TEXT NOT NULL, rule TEXT NOT NULL,"
        " state TEXT NOT NULL, until TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL) STRICT"
    )
    db.execute("CREATE INDEX exemptions_standing ON exemptions (until) WHERE state <> 'over'")
    db.execute("ALTER TABLE findings ADD COLUMN exemption TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX findings_rule ON findings (rule, time)")


@migrations()
def m009_storms(db: Database) -> None:
    """Floods of alerts, whose cards are held back."""
    db.execute("ALTER TABLE alerts ADD COLUMN storm TEXT NOT NULL DEFAULT ''")
    # All that a storm's message counts, so that drawing it does not read ten thousand bodies.
    db.execute(
        "CREATE INDEX alerts_storm ON alerts (storm, rank DESC, opened_at DESC, id, state, rule,"
        " actor) WHERE storm <> ''"
    )
    db.execute(
        "CREATE TABLE storms (id TEXT PRIMARY KEY, channel TEXT NOT NULL, began_at TEXT NOT NULL,"
        " ended_at TEXT NOT NULL, alerts INTEGER NOT NULL DEFAULT 0,"
        " place TEXT NOT NULL DEFAULT '', ts TEXT NOT NULL DEFAULT '') STRICT"
    )
    db.execute("CREATE UNIQUE INDEX storms_on ON storms (channel) WHERE ended_at = ''")
    # Cards that may wait, by the second they were to be queued in: how fast they come.
    db.execute(
        "CREATE TABLE arrivals (channel TEXT NOT NULL, at TEXT NOT NULL, cards INTEGER NOT NULL,"
        " PRIMARY KEY (channel, at)) STRICT, WITHOUT ROWID"
    )
    db.execute("CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting'")


@migrations()
def m010_open_alerts_by_id(db: Database) -> None:
    """Alerts that nobody has taken can be read some at a time, however many there are."""
    db.execute("CREATE INDEX alerts_open ON alerts (id) WHERE state = 'open'")


@migrations()
def m011_inhibition(db: Database) -> None:
    """Alerts that others stand for, and the accounts that each source speaks of."""
    db.execute("ALTER TABLE alerts ADD COLUMN inhibitor TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE INDEX alerts_inhibited ON alerts (id) WHERE inhibitor <> ''")
    db.execute(
        "CREATE TABLE feed_accounts (source TEXT NOT NULL, account TEXT NOT NULL,"
        " PRIMARY KEY (source, account)) STRICT, WITHOUT ROWID"
    )


_FIRST_SLICE = (
    # raw and body are NULL where no rule spoke: then only the fields to look it up are kept.
    """
    CREATE TABLE records (
        id TEXT PRIMARY KEY,
        time TEXT NOT NULL,
        source TEXT NOT NULL,
        name TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        principal TEXT NOT NULL,
        instance TEXT NOT NULL,
        source_ip TEXT NOT NULL,
        error_code TEXT NOT NULL,
        stored_at TEXT NOT NULL,
        body BLOB,
        raw BLOB
    ) STRICT
    """,
    "CREATE INDEX records_stored ON records (stored_at)",
    """
    CREATE TABLE findings (
        id TEXT PRIMARY KEY,
        rule TEXT NOT NULL,
        record TEXT NOT NULL,
        alert TEXT NOT NULL,
        level TEXT NOT NULL,
        time TEXT NOT NULL,
        stored_at TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX findings_alert ON findings (alert, time)",
    "CREATE INDEX findings_record ON findings (record)",
    """
    CREATE TABLE alerts (
        id TEXT PRIMARY KEY,
        rule TEXT NOT NULL,
        state TEXT NOT NULL,
        rank INTEGER NOT NULL,
        fold_key TEXT NOT NULL,
        target_key TEXT NOT NULL,
        anchor TEXT NOT NULL,
        opened_at TEXT NOT NULL,
        version INTEGER NOT NULL,
        channel TEXT NOT NULL,
        ts TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX alerts_fold ON alerts (fold_key, anchor)",
    "CREATE INDEX alerts_target ON alerts (target_key, anchor) WHERE target_key <> ''",
    "CREATE INDEX alerts_state ON alerts (state, rank DESC, opened_at DESC)",
    """
    CREATE TABLE decisions (
        key TEXT PRIMARY KEY,
        alert TEXT NOT NULL,
        accepted INTEGER NOT NULL,
        at TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX decisions_alert ON decisions (alert, at)",
    """
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        channel TEXT NOT NULL,
        user TEXT NOT NULL,
        lane TEXT NOT NULL,
        revision INTEGER NOT NULL,
        body BLOB NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        ambiguous INTEGER NOT NULL,
        tried_at TEXT NOT NULL,
        due_at TEXT NOT NULL,
        done_at TEXT NOT NULL,
        ts TEXT NOT NULL,
        error TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX outbox_line ON outbox (lane, seq) WHERE state = 'waiting'",
    "CREATE INDEX outbox_subject ON outbox (subject, kind, state)",
    "CREATE INDEX outbox_sent ON outbox (channel, done_at) WHERE state = 'sent'",
    "CREATE INDEX outbox_refused ON outbox (done_at) WHERE state = 'refused'",
    "CREATE INDEX outbox_sending ON outbox (seq) WHERE state = 'sending'",
    """
    CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        by TEXT NOT NULL,
        body TEXT NOT NULL,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT
    """,
    # Where the chain ends: a tail that was cut off shows as a head that is not there.
    """
    CREATE TABLE ledger_head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        seq INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE unreadable (
        seq INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        source TEXT NOT NULL,
        place TEXT NOT NULL,
        reason TEXT NOT NULL,
        sample BLOB NOT NULL,
        UNIQUE (place, reason)
    ) STRICT
    """,
    "CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
    "CREATE TABLE job_runs (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT",
)


@migrations()
def m012_whose_cards_are_held_back(db: Database) -> None:
    """Alerts without a card can be found by what keeps it back."""
    db.execute("ALTER TABLE alerts ADD COLUMN held TEXT NOT NULL DEFAULT ''")
    db.execute("UPDATE alerts SET held = coalesce(json_extract(CAST(body AS TEXT), '$.held'), '')")
    db.execute("CREATE INDEX alerts_held ON alerts (held, rank) WHERE held <> ''")


@migrations()
def m013_pictures(db: Database) -> None:
    """Files of ours in Slack, so that they are deleted also after a restart."""
    db.execute("CREATE TABLE pictures (file TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT")
    db.execute("CREATE INDEX pictures_at ON pictures (at)")


@migrations()
def m014_every_actor_of_an_alert(db: Database) -> None:
    """Alerts can be found by all their actors, also by those that folded in later."""
    db.execute(
        "CREATE TABLE alert_actors (alert TEXT NOT NULL, name TEXT NOT NULL,"
        " PRIMARY KEY (alert, name)) STRICT, WITHOUT ROWID"
    )
    db.execute("INSERT INTO alert_actors SELECT id, actor FROM alerts")
    db.execute(
        "INSERT OR IGNORE INTO alert_actors SELECT a.id, lower(seen.value) FROM alerts a,"
        " json_each(CAST(a.body AS TEXT), '$.seen.actors') seen"
        " WHERE instr(a.actor, lower(seen.value)) = 0"
    )
    db.execute(
        "CREATE TRIGGER alert_gone AFTER DELETE ON alerts"
        " BEGIN DELETE FROM alert_actors WHERE alert = old.id; END"
    )


@migrations()
def m015_calls_about_alerts(db: Database) -> None:
    """Steps of escalation are found by their alert, and calls that wait by whom they call."""
    db.execute("CREATE INDEX escalations_alert ON escalations (alert)")
    db.execute(
        "CREATE INDEX outbox_calls ON outbox (channel, kind)"
        " WHERE state = 'waiting' AND kind IN ('note', 'dm', 'post')"
    )


@migrations()
def m016_shadow_rules(db: Database) -> None:
    """Since when a rule is in the shadow, and the alerts that it would have made."""
    db.execute("CREATE TABLE shadow_rules (rule TEXT PRIMARY KEY, since TEXT NOT NULL) STRICT")
    db.execute(
        "CREATE TABLE shadows (rule TEXT NOT NULL, fold TEXT NOT NULL, anchor TEXT NOT NULL,"
        " hits INTEGER NOT NULL, PRIMARY KEY (rule, fold, anchor)) STRICT, WITHOUT ROWID"
    )


@migrations()
def m017_marks_of_correlations(db: Database) -> None:
    """What counts towards a correlation, found by its group and the record's time."""
    db.execute(
        "CREATE TABLE marks (correlation TEXT NOT NULL, grp TEXT NOT NULL, time INTEGER NOT NULL,"
        " key TEXT NOT NULL, rule TEXT NOT NULL, value TEXT NOT NULL, name TEXT NOT NULL,"
        " stored_at TEXT NOT NULL,"
        " PRIMARY KEY (correlation, grp, time, key, rule, value)) STRICT, WITHOUT ROWID"
    )
    db.execute("CREATE INDEX marks_stored ON marks (stored_at)")


@migrations()
def m018_cursors(db: Database) -> None:
    """How far a source that keeps no account of it itself has been read."""
    db.execute(
        "CREATE TABLE cursors (place TEXT PRIMARY KEY, since TEXT NOT NULL, at TEXT NOT NULL)"
        " STRICT, WITHOUT ROWID"
    )


@migrations()
def m019_baselines(db: Database) -> None:
    """What is usual for whom; keys are hashes of 64 bits, so that a million rows stay small."""
    db.execute(
        "CREATE TABLE baseline (scope INTEGER NOT NULL, feature INTEGER NOT NULL,"
        " weight REAL NOT NULL, novel REAL NOT NULL, first INTEGER NOT NULL,"
        " last INTEGER NOT NULL, mask INTEGER NOT NULL, hours REAL NOT NULL,"
        " PRIMARY KEY (scope, feature)) STRICT, WITHOUT ROWID"
    )
    db.execute("CREATE TABLE baseline_texts (key INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
    db.execute(
        "CREATE TABLE baseline_state (name TEXT PRIMARY KEY, version INTEGER NOT NULL,"
        " body BLOB NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE baseline_traces (record TEXT NOT NULL, scope INTEGER NOT NULL,"
        " feature INTEGER NOT NULL, total INTEGER NOT NULL, hour INTEGER NOT NULL,"
        " half_life REAL NOT NULL, PRIMARY KEY (record, scope, feature)) STRICT, WITHOUT ROWID"
    )


@migrations()
def m020_days_of_baselines(db: Database) -> None:
    """On how many days somebody's peers do something: hours cannot tell daily from weekly."""
    db.execute("ALTER TABLE baseline ADD COLUMN days INTEGER NOT NULL DEFAULT 0")


@migrations()
def m021_findings_of_shadow_correlations(db: Database) -> None:
    """What a shadow correlation would have said already, so that it counts once."""
    db.execute(
        "CREATE TABLE shadow_findings (id TEXT PRIMARY KEY, rule TEXT NOT NULL,"
        " stored_at TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )
