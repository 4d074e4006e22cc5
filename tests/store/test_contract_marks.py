"""Correlations through the store: order, repeats, batches, twins and a crash change nothing."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.detection.correlate import Chains
from bot.detection.engine import Engine
from bot.detection.record import to_record
from bot.detection.rule import RuleSet
from bot.model import AlertState
from bot.ports import Judged, Store
from bot.store import SqliteStore
from bot.triage import Triage
from tests.builders import CHANNEL
from tests.detection.chains import call, rules, said
from tests.detection.made import entry
from tests.store.conftest import Open

NOW = "2026-11-22T12:00:00.000Z"
LATER = "2026-12-22T12:00:00.000Z"
KINDS: list[tuple[str, dict[str, object]]] = [
    ("temporal_ordered", {}),
    ("temporal", {}),
    ("event_count", {"condition": {"gte": 3}}),
    ("value_count", {"condition": {"gte": 3, "field": "source_ip"}}),
]
CALLS = st.builds(
    call,
    st.sampled_from("ABC"),
    st.integers(0, 200),
    st.integers(0, 1),
    sourceIPAddress=st.sampled_from(["203.0.113.1", "203.0.113.2", "203.0.113.3"]),
)


class Worker:
    """One of the processes that judge records and keep them."""

    def __init__(self, store: Store, found: RuleSet) -> None:
        self.chains = Chains(found)
        self.engine = Engine(found)
        self.store = store
        self.folding = Triage(
            window=timedelta(hours=1), channel_of=lambda _: CHANNEL, correlations=self.chains
        )

    def judged(self, made: dict[str, object]) -> Judged:
        """As ingest judges it."""
        one = entry(made)
        look = self.engine.look(one)
        marks = self.chains.marks(look.hits, NOW)
        return Judged(record=to_record(one), findings=look.findings, marks=marks)

    def keep(self, *records: dict[str, object]) -> int:
        """Keep them in one batch; how many findings that made."""
        return self.store.keep([self.judged(one) for one in records], self.folding, NOW).findings


def findings(folder: Path) -> set[str]:
    """The ids of what was found, as they stand in the file."""
    with sqlite3.connect(folder / "callwarden.db") as db:
        return {row[0] for row in db.execute("SELECT id FROM findings WHERE rule = 'both'")}


def test_a_chain_becomes_an_alert(memory: Store, tmp_path: Path) -> None:
    """Once, with the evidence of the record that completed it, whatever is delivered again."""
    worker = Worker(memory, rules(tmp_path))

    assert worker.keep(call("A", 2)) == 0
    assert worker.keep(call("B", 9)) == 1
    assert worker.keep(call("A", 2), call("B", 9)) == 0
    (alert,) = memory.alerts([AlertState.OPEN])
    assert (alert.rule, alert.count) == ("both", 1)
    assert "A 10:02, B 10:09" in alert.why
    assert [one.name for one in memory.records_of(alert.id)] == ["B"]


def test_a_restart_forgets_nothing(open_again: Open, tmp_path: Path) -> None:
    """What one process saw completes a chain in the next, and in one beside it."""
    found = rules(tmp_path)
    one, other = Worker(open_again(), found), Worker(open_again(), found)

    one.keep(call("A", 2))
    assert other.keep(call("B", 9)) == 1
    assert one.keep(call("B", 9)) == 0


def test_the_same_call_in_two_accounts_counts_once(memory: Store, tmp_path: Path) -> None:
    """Twin records share an id, and each is new."""
    worker = Worker(memory, rules(tmp_path, "event_count", condition={"gte": 2}))

    twins = [call("A", 2, place, sharedEventID="S") for place in (1, 2)]
    assert worker.keep(*twins) == 0
    assert worker.keep(call("A", 3)) == 1


def hushed(folder: Path, kind: str = "temporal_ordered", **more: object) -> RuleSet:
    """Rules whose correlation is in the shadow."""
    found = rules(folder, kind, **more)
    chains = tuple(replace(one, status="shadow", overridden=True) for one in found.correlations)
    return replace(found, correlations=chains)


def test_a_shadow_correlation_is_counted_and_makes_no_alert(
    open_again: Open, tmp_path: Path
) -> None:
    """As a shadow rule is: each thing that it would have said once, folded, whichever process saw
    the records and however often; nothing of it is kept."""
    found = hushed(tmp_path)
    one, other = Worker(open_again(), found), Worker(open_again(), found)
    one.store.note_shadows(["both"], NOW)

    one.keep(call("A", 2))
    other.keep(call("B", 9), call("B", 10), call("B", 9))
    one.keep(call("B", 9), call("A", 170), call("B", 175))

    (counted,) = other.store.shadows("")
    assert (counted.rule, counted.alerts, counted.hits) == ("both", 2, 2)
    assert one.store.alerts(list(AlertState)) == []
    assert one.store.counts().get("findings", 0) == 0


def test_a_promoted_correlation_begins_anew(memory: Store, tmp_path: Path) -> None:
    """It speaks of the next record that completes it; back in the shadow the count begins at 0."""
    loud, quiet = Worker(memory, rules(tmp_path)), Worker(memory, hushed(tmp_path))
    memory.note_shadows(["both"], NOW)
    quiet.keep(call("A", 2), call("B", 9))

    memory.note_shadows([], NOW)
    assert loud.keep(call("B", 10)) == 1
    memory.note_shadows(["both"], LATER)
    quiet.keep(call("B", 11))

    assert [(one.since, one.hits) for one in memory.shadows("")] == [(LATER, 0)]


def test_what_a_shadow_correlation_said_goes_with_the_records(
    memory: Store, tmp_path: Path
) -> None:
    """After a prune nothing of it is left."""
    worker = Worker(memory, hushed(tmp_path))
    memory.note_shadows(["both"], NOW)
    worker.keep(call("A", 2), call("B", 9))

    gone = memory.prune(records_before=LATER, evidence_before=NOW)
    assert (gone["shadow_findings"], gone["shadows"]) == (1, 1)


def test_marks_go_with_the_records(memory: Store, tmp_path: Path) -> None:
    """After a prune nothing of theirs is left."""
    worker = Worker(memory, rules(tmp_path))
    worker.keep(call("A", 2))

    assert memory.prune(records_before=NOW, evidence_before=NOW)["marks"] == 0
    assert memory.prune(records_before=LATER, evidence_before=NOW)["marks"] == 1
    assert worker.keep(call("B", 9)) == 0


@pytest.mark.parametrize(("kind", "more"), KINDS)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(
    records=st.lists(CALLS, min_size=1, max_size=12),
    seed=st.integers(0, 99),
    size=st.integers(1, 30),
)
def test_order_repeats_and_batches_change_nothing(
    kind: str,
    more: dict[str, object],
    records: list[dict[str, object]],
    seed: int,
    size: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The store finds what memory finds, in any order, with repeats, in batches of any size; and
    counts as much of a correlation in the shadow."""
    folder = tmp_path_factory.mktemp("marks")
    found = rules(folder, kind, **more)
    rng = random.Random(seed)  # noqa: S311 - a test
    shuffled = [*records, *rng.choices(records, k=5)]
    rng.shuffle(shuffled)

    store = SqliteStore(folder / "callwarden.db")
    workers = [Worker(store, found), Worker(store, found)]
    for start in range(0, len(shuffled), size):
        rng.choice(workers).keep(*shuffled[start : start + size])
    store.close()

    expected = {one.id for one in said(found, records)}
    assert findings(folder) == expected

    store = SqliteStore(folder / "shadow.db")
    store.note_shadows(["both"], NOW)
    worker = Worker(store, hushed(folder, kind, **more))
    for start in range(0, len(shuffled), size):
        worker.keep(*shuffled[start : start + size])
    (counted,) = store.shadows("")
    store.close()
    assert counted.hits == len(expected)


def test_each_look_is_one_range_of_an_index(tmp_path: Path) -> None:
    """However many marks there are, only those of the group and the window are read."""
    from bot.store import marks

    SqliteStore(tmp_path / "callwarden.db").close()
    with sqlite3.connect(tmp_path / "callwarden.db") as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {marks._AROUND}", [1] * 10)]

    looks = [line for line in plan if "marks" in line]
    assert len(looks) == 2
    wanted = "PRIMARY KEY (correlation=? AND grp=? AND time>? AND time<?)"
    assert all(wanted in line for line in looks)
    assert not any("TEMP B-TREE" in line for line in plan)
