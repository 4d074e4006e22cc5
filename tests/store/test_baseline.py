"""Evidence is stored with its record, once; it survives, and an attack's is taken out again."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from bot.alerts import judge
from bot.detection.baseline import Baseline, Tuning
from bot.detection.record import Entry, to_record
from bot.model import AlertState, Verb, iso
from bot.model import Entry as Line
from bot.ports import Judged, Kept
from bot.store import SqliteStore
from tests.builders import at, make_ask, make_triage
from tests.detection.test_baseline import START, call, said


def keep(store: SqliteStore, baseline: Baseline, *entries: Entry, spoken: bool = False) -> Kept:
    """Judge by the baseline and store, as a source's thread does."""
    judged = []
    for one in entries:
        findings, evidence = baseline.take(one, spoken=spoken)
        judged.append(Judged(record=to_record(one), findings=findings, evidence=evidence))
    return store.keep(judged, make_triage(), at())


def office(days: range) -> list[Entry]:
    """A call at ten and one at eleven, every day."""
    return [
        call(day + hour / 24, name)
        for day in days
        for hour, name in ((10, "ListContactFlows"), (11, "UpdateContactFlowMetadata"))
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store that saw twenty days."""
    path = tmp_path / "callwarden.db"
    store = SqliteStore(path)
    keep(store, Baseline(Tuning(), store), *office(range(20)))
    store.close()
    return path


def everything(file: Path) -> list[tuple[object, ...]]:
    """All rows of evidence."""
    db = sqlite3.connect(file)
    try:
        return db.execute("SELECT * FROM baseline ORDER BY 1, 2").fetchall()
    finally:
        db.close()


STRANGE = {"sourceIPAddress": "198.51.100.9", "awsRegion": "sa-east-1"}


def test_a_restart_gives_the_same_answers(file: Path) -> None:
    """What was never stopped and what starts anew from the file say the same words."""
    store = SqliteStore(file)
    whole = Baseline(Tuning())
    for one in office(range(20)):
        assert whole.unseen(one.core)
        whole.learn(one)

    one = call(20.5, "DeleteInstance", **STRANGE)
    words = said(whole, one)
    assert words
    assert said(Baseline(Tuning(), store), one) == words
    store.close()


def test_records_that_come_twice_count_once(file: Path) -> None:
    """In the same run and after a restart."""
    before = everything(file)
    for _ in range(2):
        store = SqliteStore(file)
        baseline = Baseline(Tuning(), store)
        keep(store, baseline, *office(range(20)))
        keep(store, baseline, *office(range(20)))
        store.close()
    assert everything(file) == before


def test_what_was_not_stored_is_news_again(file: Path) -> None:
    """The disk took nothing: the same records come back and say the same."""
    store = SqliteStore(file)
    baseline = Baseline(Tuning(), store)
    one = call(20.5, "DeleteInstance", **STRANGE)
    first, _ = baseline.take(one, spoken=False)
    baseline.reset()  # as the source's thread does where keep() failed

    again, _ = baseline.take(one, spoken=False)
    assert first
    assert [finding.why for finding in first] == [finding.why for finding in again]
    store.close()


def test_the_store_is_asked_only_on_a_miss(file: Path) -> None:
    """Three scopes are read, whatever the number of records."""
    store = SqliteStore(file)
    baseline = Baseline(Tuning(), store)
    for one in office(range(20, 60)):
        baseline.take(one, spoken=False)
    assert baseline.asked == 3
    store.close()


def test_memory_is_bounded(tmp_path: Path) -> None:
    """What was let go is read again when it is needed, and says the same."""
    store = SqliteStore(tmp_path / "callwarden.db")
    baseline = Baseline(Tuning(memory_rows=60), store)
    for day in range(12):
        for number in range(10):
            keep(store, baseline, call(day + 0.5, "ListUsers", session=f"person-{number}x"))
    assert baseline.rows < 120
    assert said(baseline, call(12.5, "ListUsers", session="person-3x")) == ""
    store.close()


def test_what_an_attack_taught_is_forgotten(file: Path) -> None:
    """Its alert was resolved as a true positive: the second attack is as surprising."""
    store = SqliteStore(file)
    before = {row[:2] for row in everything(file)}
    kept = keep(store, Baseline(Tuning(), store), call(20.5, "DeleteInstance", **STRANGE))
    assert kept.opened == 1
    [alert] = store.alerts([AlertState.OPEN])
    assert store.decide(make_ask(alert.id, Verb.RESOLVE), judge).accepted
    gone = {row[:2] for row in everything(file)} - before
    again = Baseline(Tuning(), store)
    assert "first DeleteInstance" in said(again, call(21.5, "DeleteInstance", **STRANGE))
    assert store.baseline_epoch() == 1
    # Hours of the week and totals of dimensions that were new may stay.
    assert len(gone) < 20
    store.close()


def test_a_principal_can_be_shown_and_forgotten(file: Path) -> None:
    """By the end of its name; the ledger knows of it."""
    store = SqliteStore(file)
    [(scope, text)] = store.baseline_scopes("pipeline")
    assert text.endswith("role/deploy-role/pipeline")
    told = {row.feature for row in store.baseline_rows(scope)}
    assert "operation connect.amazonaws.com ListContactFlows" in told
    assert "network 203.0.113.0/24" in told

    line = Line(kind="baseline.forget", subject=text, by="ops", at=at())
    assert store.forget_baseline(scope, line) > 5
    assert store.baseline_scopes("pipeline") == []
    assert store.links(0)[-1].kind == "baseline.forget"
    store.close()


def later(days: int) -> str:
    """An ISO time so many days after the first record's day."""
    return iso(START + timedelta(days=days))


def fade(store: SqliteStore, at: str, traces_before: str = "") -> Mapping[str, int]:
    """Let go of what has faded, with a half-life of five days."""
    return store.fade(at=at, half_life_days=5.0, traces_before=traces_before)


def counts(file: Path) -> tuple[int, int]:
    """Rows of evidence, and words."""
    db = sqlite3.connect(file)
    try:
        rows = db.execute("SELECT count(*) FROM baseline").fetchone()
        words = db.execute("SELECT count(*) FROM baseline_texts").fetchone()
        return int(rows[0]), int(words[0])
    finally:
        db.close()


def test_what_has_faded_is_let_go(file: Path) -> None:
    """A visitor of one day is forgotten after four half-lives, words and all, those who come every
    day are not; memory and file agree before and after."""
    store = SqliteStore(file)
    baseline = Baseline(Tuning(half_life_days=5), store)
    before = counts(file)
    keep(store, baseline, call(20.5, "ListUsers", session="visitor", role="guest", **STRANGE))
    keep(store, baseline, *office(range(21, 50)))
    assert store.baseline_scopes("visitor")
    fade(store, at=later(39))
    assert [row for row in store.baseline_rows() if "198.51.100.0" in row.feature]
    epoch = store.baseline_epoch()

    gone = fade(store, at=later(50))
    assert gone["rows"] > 10
    assert gone["words"] >= 4
    assert not store.baseline_scopes("visitor")
    assert not [row for row in store.baseline_rows() if "198.51.100.0" in row.feature]
    assert store.baseline_epoch() == epoch + 1
    assert counts(file)[0] <= before[0] + 12
    assert fade(store, at=later(50)) == {"rows": 0, "words": 0, "traces": 0}
    assert store.baseline_epoch() == epoch + 1

    baseline.reset()
    keep(store, baseline, call(50.5, "ListUsers", session="visitor", role="guest", **STRANGE))
    [(scope, _)] = store.baseline_scopes("visitor")
    assert {row.feature for row in store.baseline_rows(scope)} >= {"network 198.51.100.0/24"}
    store.close()


def test_where_no_records_come_nothing_fades(file: Path) -> None:
    """A year without a feed, by the clock; by the records no time has passed."""
    store = SqliteStore(file)
    fade(store, at=later(20))
    assert fade(store, at=later(400)) == {"rows": 0, "words": 0, "traces": 0}
    store.close()


def test_traces_go_with_the_evidence(file: Path) -> None:
    """Once the findings are gone, nobody can call them an attack."""
    store = SqliteStore(file)
    keep(store, Baseline(Tuning(), store), call(20.5, "DeleteInstance", **STRANGE))
    assert fade(store, at=later(30), traces_before=later(20))["traces"] == 0
    assert fade(store, at=later(30), traces_before=later(21))["traces"] > 5
    store.close()


def test_memory_is_read_anew_once_rows_faded(file: Path) -> None:
    """The epoch that `keep` answers tells the source's thread so."""
    store = SqliteStore(file)
    baseline = Baseline(Tuning(half_life_days=5), store)
    keep(store, baseline, *office(range(21, 60)))
    first = keep(store, baseline, call(60.5, "ListUsers", session="visitor")).epoch
    keep(store, baseline, *office(range(61, 90)))
    fade(store, at=later(90))
    assert keep(store, baseline, call(90.5, "ListUsers")).epoch == first + 1
    store.close()


def strange(day: float, person: int) -> Entry:
    """Something that nobody did before, by the session of a role of its own."""
    who = {"role": f"role-{person}x", "session": f"s-{person}x"}
    return call(day, f"DeleteThing{person}", awsRegion=f"region-{person}", **who)


def opened(store: SqliteStore) -> int:
    """Alerts that are open."""
    return len(store.alerts([AlertState.OPEN], limit=100))


def test_a_restart_gives_no_second_budget(file: Path) -> None:
    """What of it was used today is used; the threshold and the best score of all stand too."""
    store = SqliteStore(file)
    baseline = Baseline(Tuning(budget_per_day=2), store)
    for person in range(6):
        keep(store, baseline, strange(20.5 + person / 100, person))
    spent, said = opened(store), baseline.status
    assert 2 <= spent <= 3
    store.close()

    store = SqliteStore(file)
    baseline = Baseline(Tuning(budget_per_day=2), store)
    assert baseline.status == said
    for person in range(6, 12):
        keep(store, baseline, strange(20.6 + person / 100, person))
    assert opened(store) == spent
    keep(store, baseline, strange(21.5, 20))
    assert opened(store) == spent + 1
    store.close()


def test_a_budget_that_was_not_stored_is_not_spent(file: Path) -> None:
    """The disk took nothing: the same record comes back, and has its alert."""
    store = SqliteStore(file)
    baseline = Baseline(Tuning(budget_per_day=1), store)
    findings, _ = baseline.take(strange(20.5, 1), spoken=False)
    assert findings
    baseline.reset()
    assert baseline.status.startswith("Baselines: 0 of 1 alert today")
    keep(store, baseline, strange(20.5, 1))
    assert opened(store) == 1
    store.close()


def test_two_sources_may_learn_at_once(tmp_path: Path) -> None:
    """Each in its thread, people of one role in one account, while somebody asks for status: the
    file holds what one after the other would have left, and memory answers as the file does."""
    days = range(12)
    work = [
        [
            call(day + hour / 24, "ListUsers", session=f"{name}{number}x")
            for day in days
            for hour in (8, 9)
            for number in range(4)
        ]
        for name in ("a-", "b-")
    ]
    files = []
    for together in (False, True):
        files.append(tmp_path / f"{together}.db")
        store = SqliteStore(files[-1])
        baseline = Baseline(Tuning(), store)
        if together:
            with ThreadPoolExecutor(3) as pool:
                asked = [pool.submit(feed, store, baseline, some) for some in work]
                while not all(one.done() for one in asked):
                    assert baseline.status
                for one in asked:
                    one.result()
            probe = call(12.4, "DeleteInstance", session="a-1x", **STRANGE)
            told = said(baseline, probe)
            assert told
            assert said(Baseline(Tuning(), store), probe) == told
        else:
            for some in work:
                feed(store, baseline, some)
        store.close()
    lefts, rights = everything(files[0]), everything(files[1])
    assert len(lefts) == len(rights) > 100
    for left, right in zip(lefts, rights, strict=True):
        assert left == pytest.approx(right)


def feed(store: SqliteStore, baseline: Baseline, entries: Sequence[Entry]) -> None:
    """As a source does: some at a time."""
    for first in range(0, len(entries), 8):
        keep(store, baseline, *entries[first : first + 8])
