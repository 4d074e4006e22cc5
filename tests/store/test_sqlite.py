"""The SQLite file: foreign and newer files, threads, a full disk, a kill."""

from __future__ import annotations

import itertools
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.alerts import judge
from bot.errors import Fault, Unavailable
from bot.model import AlertState, Entry, Seen, SendKind, iso
from bot.store import SqliteStore, alerts
from bot.store.gate import Turn
from bot.store.migrations import migrations
from bot.store.sqlite import LONG_LOG
from tests.builders import (
    HORIZON,
    NOON,
    judged,
    make_actor,
    make_alert,
    make_ask,
    make_finding,
    make_record,
    make_triage,
    quiet,
    write_down,
)

NOW = iso(NOON)


def entry(number: int = 0) -> Entry:
    """A line for the ledger."""
    return Entry(kind="test.note", subject=f"s-{number}", by="U0ANA", at=NOW)


# ── files ───────────────────────────────────────────────────────────────────


def test_a_store_is_opened_again_as_it_was(store: SqliteStore, database: Path) -> None:
    """Migrations run once; a second start changes nothing."""
    write_down(store, entry())
    store.close()
    again = SqliteStore(database)
    assert (again.head()[0], again.verify().whole) == (1, True)
    assert migrations.pending(Database(again.reader)) == []
    again.close()


def test_an_old_file_is_brought_up_to_date(database: Path) -> None:
    """A file whose migrations table is there, but with steps missing, gets them."""
    old = Database(database)
    migrations.ensure_migrations_table(old)
    old.close()
    store = SqliteStore(database)
    write_down(store, entry())
    assert store.head()[0] == 1
    store.close()


def test_what_an_older_store_holds_back_is_found(store: SqliteStore, database: Path) -> None:
    """The step that lets it be found reads what the alerts say."""
    with store.writing(Turn.INTAKE) as db:
        alerts.insert(db, make_alert(held="SN-7K2QF"))
    store.close()
    old = Database(database)
    old.execute("DROP INDEX alerts_held")
    old.execute("ALTER TABLE alerts DROP COLUMN held")
    step = "m012_whose_cards_are_held_back"
    old.table(migrations.migrations_table).delete_where("name = ?", [step])
    old.close()
    again = SqliteStore(database)
    assert again.reader.execute("SELECT held FROM alerts").fetchall() == [("SN-7K2QF",)]
    again.close()


def test_every_actor_of_an_older_stores_alerts_is_found(store: SqliteStore, database: Path) -> None:
    """The step that lets them be found reads what the alerts have seen; a gone one leaves none."""
    seen = Seen(actors=(make_actor().principal, make_actor("Eve").principal))
    with store.writing(Turn.INTAKE) as db:
        alerts.insert(db, make_alert(seen=seen))
    store.close()
    old = Database(database)
    old.execute("DROP TRIGGER alert_gone")
    old.execute("DROP TABLE alert_actors")
    step = "m014_every_actor_of_an_alert"
    old.table(migrations.migrations_table).delete_where("name = ?", [step])
    old.close()
    again = SqliteStore(database)
    for name in ("mallory", "user/eve"):
        assert again.how_many([AlertState.OPEN], actor=name) == 1
    with again.writing(Turn.INTAKE) as db:
        db.execute("DELETE FROM alerts")
    assert again.reader.execute("SELECT count(*) FROM alert_actors").fetchone() == (0,)
    again.close()


def test_a_file_that_is_no_database_is_refused(database: Path) -> None:
    """It is named, and left as it was."""
    database.write_bytes(b"these are my holiday photographs" * 100)
    before = database.read_bytes()
    with pytest.raises(Fault, match=r"callwarden\.db is not a Callwarden store"):
        SqliteStore(database)
    assert database.read_bytes() == before


def test_another_programs_database_is_refused_untouched(database: Path) -> None:
    """Our tables are not put among somebody else's."""
    other = sqlite3.connect(database)
    other.execute("CREATE TABLE albums (name TEXT)")
    other.close()
    before = database.read_bytes()
    with pytest.raises(Fault, match="another program's tables"):
        SqliteStore(database)
    assert database.read_bytes() == before


def test_a_newer_store_is_refused(store: SqliteStore, database: Path) -> None:
    """A step back in version does not write into tables it does not know."""
    store.close()
    newer = Database(database)
    newer.table(migrations.migrations_table).insert(
        {"migration_set": "callwarden", "name": "m999_later", "applied_at": NOW}
    )
    newer.close()
    with pytest.raises(Fault, match=r"newer Callwarden \(m999_later\)"):
        SqliteStore(database)


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    """Where nothing can be opened, the sentence names the place."""
    with pytest.raises(Unavailable, match=r"missing/callwarden\.db cannot be opened"):
        SqliteStore(tmp_path / "missing" / "callwarden.db")


def test_an_alert_id_that_is_taken_grows(store: SqliteStore) -> None:
    """Two findings whose short ids are the same make two alerts that people can tell apart."""
    with store.writing(Turn.INTAKE) as db:
        short = alerts.free_id(db, "seed")
        alerts.insert(db, make_alert(id=short))
        longer = alerts.free_id(db, "seed")
    assert (len(short), len(longer)) == (7, 8)
    assert longer.startswith(short)


@pytest.mark.parametrize(
    ("time", "stored"),
    [
        ("2026-11-22T12:03:00Z", "2026-11-22T12:03:00.000Z"),
        ("2026-11-22 13:03:00.5+01:00", "2026-11-22T12:03:00.500Z"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_the_times_of_records_sort(store: SqliteStore, time: str, stored: str) -> None:
    """UTC with milliseconds and Z, of evidence and of the rest; "" where none can be read."""
    evidence, still = make_record("e-1", time=time), make_record("q-1", time=time)
    store.keep([*judged(make_finding(evidence)), *quiet(still)], make_triage(), NOW)
    rows = store.reader.execute("SELECT id, time FROM records ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [("e-1", stored), ("q-1", stored)]


# ── threads ─────────────────────────────────────────────────────────────────


def test_readers_see_whole_steps_while_another_writes(store: SqliteStore) -> None:
    """Two readers beside a writer never see half of a step, and never wait or fail."""
    done, faults = threading.Event(), list[str]()

    def watch() -> None:
        while not done.is_set():
            counts = store.counts()
            if counts.get("records", 0) != counts.get("findings", 0):
                faults.append(f"half a step: {counts}")
            if not store.verify().whole:
                faults.append("a broken chain")

    readers = [threading.Thread(target=watch) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(40):
        store.keep(judged(make_finding(make_record(f"e-{number}"))), make_triage(), NOW)
        write_down(store, entry(number))
    done.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert store.counts()["records"] == 40


def test_reading_connections_cannot_write(store: SqliteStore) -> None:
    """What is not behind the gate may only look."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.reader.execute("DELETE FROM ledger")


def test_a_prune_lets_clicks_in_between(store: SqliteStore) -> None:
    """However much there is to drop, no transaction drops more than 100 rows."""
    store.keep(quiet(*(make_record(f"q-{number}") for number in range(250))), make_triage(), NOW)
    changes = [store._writer.total_changes]

    def watch(statement: str) -> None:
        if statement == "COMMIT":
            changes.append(store._writer.total_changes)

    store._writer.set_trace_callback(watch)
    store.prune(records_before=HORIZON, evidence_before=HORIZON)

    steps = [after - before for before, after in itertools.pairwise(changes)]
    assert (max(steps), sum(steps)) == (100, 250)


# ── faults and their recovery ───────────────────────────────────────────────


def test_a_full_disk_loses_nothing_that_was_promised(store: SqliteStore) -> None:
    """The step that found no room is undone and says so; with room again the store works on."""
    write_down(store, entry())
    pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
    store._writer.execute(f"PRAGMA max_page_count = {pages}")
    large = Entry(kind="test.note", subject="s", by="U", at=NOW, body={"note": "x" * 10**6})
    with pytest.raises(Unavailable, match=r"disk is full.* make room on it; then try again\.$"):
        write_down(store, large)
    store._writer.execute("PRAGMA max_page_count = 1000000")
    write_down(store, large)
    assert (store.head()[0], store.verify().whole) == (2, True)


def test_a_store_that_may_only_be_read_says_so(store: SqliteStore) -> None:
    """It is not taken for one that another program holds: trying again would not help."""
    store._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(Unavailable, match=r"may only be read .* make its disk .* writable"):
        write_down(store, entry())
    store._writer.execute("PRAGMA query_only = OFF")
    write_down(store, entry())
    assert (store.head()[0], store.verify().whole) == (1, True)


@contextmanager
def no_file_may_grow_beyond(size: int) -> Iterator[None]:
    """The system refuses to write there, as a disk over its quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fails_at_the_very_end_says_so(store: SqliteStore, database: Path) -> None:
    """A commit that cannot be written is undone; once the disk works again, so does the store."""
    write_down(store, entry(1))
    written = database.with_name("callwarden.db-wal").stat().st_size
    with (
        no_file_may_grow_beyond(written),
        pytest.raises(Unavailable, match=r"disk does not read or write .*look at the disk"),
    ):
        write_down(store, entry(2))
    write_down(store, entry(3))
    assert (store.head()[0], store.verify().whole) == (2, True)


def test_a_mistake_of_ours_is_no_trouble_of_the_disk(store: SqliteStore) -> None:
    """A statement that is wrong is a bug and is shown as one."""
    with (
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        store.writing(Turn.CLICK) as db,
    ):
        db.execute("DELETE FROM albums")
    write_down(store, entry())
    assert store.head()[0] == 1


def test_a_commit_that_fails_does_not_block_the_next(store: SqliteStore) -> None:
    """A step whose very end fails is rolled back, and the writer is free again."""
    store._writer.execute("PRAGMA foreign_keys = ON")
    store._writer.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    store._writer.execute(
        "CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError), store.writing(Turn.CLICK) as db:
        db.execute("INSERT INTO child VALUES (1)")
    write_down(store, entry())
    assert store.head()[0] == 1


_DIE = """
import os, signal, sys
from bot.alerts import judge
from bot.model import AlertState
from bot.store import SqliteStore
from tests.builders import HORIZON, NOON, judged, make_ask, make_finding, make_triage
from bot.model import iso
store = SqliteStore(sys.argv[1])
store.keep(judged(make_finding()), make_triage(), iso(NOON))
alert = store.alerts([AlertState.OPEN])[0]
store.decide(make_ask(alert.id), judge)
assert store.claim_send(iso(NOON), horizon=HORIZON)
with store._gate.hold(0):
    store._writer.execute("BEGIN IMMEDIATE")
    store._writer.execute("DELETE FROM ledger")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_in_mid_write_keeps_what_was_promised(database: Path) -> None:
    """After kill -9 the decision is there, the half-done step is not, the card is ambiguous."""
    root = Path(__file__).parents[2]
    died = subprocess.run([sys.executable, "-c", _DIE, str(database)], cwd=root, timeout=60)
    assert died.returncode == -signal.SIGKILL
    store = SqliteStore(database)
    [alert] = store.alerts([AlertState.TAKEN])
    assert (store.head()[0], store.verify().whole) == (1, True)
    assert store.decide(make_ask(alert.id), judge).accepted
    assert store.head()[0] == 1
    assert store.recover_sends(NOW) == 1
    card = store.claim_send(iso(NOON.replace(second=1)), horizon=HORIZON)
    assert card is not None
    assert (card.kind, card.ambiguous) == (SendKind.CARD, True)
    store.close()


def test_another_programs_lock_is_said_before_an_ack_is_late(
    store: SqliteStore, database: Path
) -> None:
    """Somebody's shell holds the file: a click hears so in time, and works once it lets go."""
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="another program holds it"):
        write_down(store, entry())
    assert time.monotonic() - begun < 2.5
    other.execute("ROLLBACK")
    other.close()

    write_down(store, entry())
    assert store.head()[0] == 1


def test_the_write_ahead_log_does_not_grow_with_what_is_stored(database: Path) -> None:
    """It is moved into the file outside of anybody's transaction, and used again from its start."""
    store = SqliteStore(database)
    log = Path(f"{database}-wal")
    longest = 0
    for start in range(0, 6_000, 200):
        named = (make_record(f"e-{n}", target="x" * 3_000) for n in range(start, start + 200))
        store.keep(quiet(*named), make_triage(), NOW)
        longest = max(longest, log.stat().st_size)

    written = database.stat().st_size
    store.close()
    assert written > LONG_LOG
    assert longest < 3 * LONG_LOG
