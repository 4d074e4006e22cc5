"""Folding: which findings make one alert, and what about them is new."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Alert, AlertState, Finding, Lane, Level, Mark, SendKind, iso
from bot.novelty import SEEN_KEPT, agent, network
from bot.store import SqliteStore
from bot.telling import NEWS_KEPT
from bot.triage import Triage
from tests.builders import (
    ANA,
    CHANNEL,
    INSTANCE,
    NOON,
    at,
    fold_all,
    judged,
    kinds,
    make_actor,
    make_alert,
    make_finding,
    make_record,
    make_replay,
    make_triage,
)

NOW = iso(NOON + timedelta(minutes=10))
OTHER = "11111111-2222-4333-8444-555555555555"


def finding_at(minutes: float = 0, seconds: float = 0, **changes: object) -> Finding:
    """A finding of that time; what is said of its record goes to the record."""
    time = at(minutes, seconds)
    return make_finding(make_record(f"e-{time}", time=time, **changes))


def resolved(alert: Alert, minutes: float = 5) -> Alert:
    """*alert*, resolved so long after noon."""
    mark = Mark(by=ANA, at=iso(NOON + timedelta(minutes=minutes)))
    return msgspec.structs.replace(alert, state=AlertState.RESOLVED, resolved=mark)


def by_instance(record: object = None, **changes: object) -> Finding:
    """A finding of a rule that folds by instance only, so that actors share an alert."""
    finding = make_finding(record)  # type: ignore[arg-type]  # a Record, or None for the usual
    return msgspec.structs.replace(finding, fold=(finding.record.instance,), **changes)


def test_an_alert_says_whose_the_last_address_is() -> None:
    """The origin goes with the address that stands for the alert."""
    names = {"203.0.113.7": "AS64500 Example, DE"}
    triage = Triage(
        window=timedelta(hours=1),
        channel_of=lambda finding: CHANNEL,
        origin_of=lambda address: names.get(address, ""),
    )
    found = [finding_at(0, source_ip="203.0.113.7"), finding_at(1, source_ip="192.0.2.1")]

    [first] = fold_all(found[:1], triage)
    [both] = fold_all(found, triage)
    assert (first.origin, both.origin) == ("AS64500 Example, DE", "")

    [turned] = fold_all([found[1], finding_at(2, source_ip="203.0.113.7")], triage)
    assert turned.news[0].startswith("network 203.0.113.0/24, AS64500 Example, DE (")


# ── what folds ──────────────────────────────────────────────────────────────


def test_the_first_finding_opens_an_alert_and_its_card() -> None:
    """One card is queued at once, in its channel, in the lane of its level."""
    folded = make_triage().fold(make_finding(), (), lambda: "A-00001", NOW)
    card = folded.sends[0]
    assert folded.opened
    assert kinds(folded.sends) == ["card"]
    assert (card.channel, card.lane, card.due_at) == (CHANNEL, Lane.CRITICAL, "")
    assert (folded.alert.count, folded.alert.news) == (1, ())


def test_an_alert_of_a_lesser_level_waits_in_the_ordinary_lane() -> None:
    """Only the critical jump the queue."""
    folded = make_triage().fold(make_finding(level=Level.HIGH), (), lambda: "A-00001", NOW)
    assert folded.sends[0].lane is Lane.ORDINARY


def test_the_channel_follows_the_instance() -> None:
    """An instance with a channel of its own gets its alerts there."""
    triage = make_triage(
        channel_of=lambda finding: "C0OWN" if finding.record.instance == OTHER else CHANNEL
    )
    own = make_finding(make_record(instance=OTHER))
    assert triage.fold(own, (), lambda: "A-00001", NOW).alert.channel == "C0OWN"
    assert triage.fold(make_finding(), (), lambda: "A-00002", NOW).alert.channel == CHANNEL


@pytest.mark.parametrize(("minutes", "alerts"), [(60, 1), (-60, 1), (60.02, 2), (-60.02, 2)])
def test_the_window_lies_on_both_sides_of_the_first_finding(minutes: float, alerts: int) -> None:
    """A finding folds in up to the window's edge, before or after, and no further."""
    assert len(fold_all([finding_at(), finding_at(minutes)])) == alerts


def test_a_rule_may_have_its_own_window() -> None:
    """`fold_minutes` of the rule replaces the settings' window, narrower or wider."""
    narrow = msgspec.structs.replace(finding_at(6), fold_minutes=5)
    wide = msgspec.structs.replace(finding_at(90), fold_minutes=120)
    assert len(fold_all([finding_at(), narrow])) == 2
    assert len(fold_all([finding_at(), wide])) == 1


def test_the_window_does_not_creep() -> None:
    """It is measured from the first finding stored, so that an alert ends some time."""
    assert len(fold_all([finding_at(0), finding_at(50), finding_at(100)])) == 2


def test_a_record_out_of_order_folds_and_stretches_the_times() -> None:
    """A late record counts, but the newest one stands for the alert."""
    late = finding_at(-10, region="eu-west-1")
    [alert] = fold_all([finding_at(0), finding_at(20, region="eu-north-1"), late])
    assert alert.count == 3
    assert alert.first_time == iso(NOON - timedelta(minutes=10))
    assert alert.last_time == iso(NOON + timedelta(minutes=20))
    assert alert.region == "eu-north-1"


def test_a_record_without_a_time_folds_by_the_clock() -> None:
    """An unreadable time loses nothing: the record counts as of now."""
    [alert] = fold_all([finding_at(0), make_finding(make_record("e-x", time="soon"))])
    assert alert.count == 2


def test_another_fold_value_or_rule_is_another_alert() -> None:
    """A second attacker is never hidden inside the first one's alert."""
    second = finding_at(1, actor=make_actor("eve"))
    other_rule = msgspec.structs.replace(finding_at(2), rule="other")
    alerts = fold_all([finding_at(0), second, other_rule])
    assert [(alert.actor.name, alert.rule) for alert in alerts[:2]] == [
        ("mallory", "connect_security_profile_updated"),
        ("eve", "connect_security_profile_updated"),
    ]
    assert len(alerts) == 3


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_fold_values_never_run_into_each_other(one: list[str], other: list[str]) -> None:
    """Two lists of values share a key only if they are the same list."""
    keys = [
        make_triage().keys(msgspec.structs.replace(make_finding(), fold=tuple(values)))[0]
        for values in (one, other)
    ]
    assert (keys[0] == keys[1]) == (one == other)


# ── what is new ─────────────────────────────────────────────────────────────


def news_of(second: Finding, first: Finding | None = None) -> list[str]:
    """The lines that *second* adds to the alert about *first*, without their times."""
    [alert] = fold_all([first or by_instance(), second])
    return [line.rpartition(" (")[0] for line in alert.news]


def test_the_same_again_is_no_news() -> None:
    """A repetition raises the count and edits the card, and says nothing in the thread."""
    folded = make_triage().fold(finding_at(1), [make_alert()], lambda: "A-2", NOW)
    assert (folded.alert.count, folded.alert.version, folded.alert.news) == (2, 2, ())
    assert kinds(folded.sends) == ["edit"]


def test_a_burst_waits_to_be_one_edit() -> None:
    """The edit is due a little later, in the quiet lane, so that others can join it."""
    [edit] = make_triage().fold(finding_at(1), [make_alert()], lambda: "A-2", NOW).sends
    assert edit.lane is Lane.QUIET
    assert edit.due_at == iso(NOON + timedelta(minutes=10, seconds=2))


def test_news_is_also_said_in_the_thread() -> None:
    """An edit notifies nobody, so new context comes with a note, as urgent as its alert."""
    record = make_record("e-2", source_ip="203.0.113.9")
    sends = make_triage().fold(make_finding(record), [make_alert()], lambda: "A-2", NOW).sends
    assert kinds(sends) == ["edit", "note"]
    assert sends[1].lane is Lane.CRITICAL
    assert sends[1].body["lines"] == ["network 203.0.113.0/24 (2026-11-22T12:00:00.000Z)"]


def test_a_new_actor_is_news() -> None:
    """Where the rule does not fold by actor, a second one is named on the card."""
    assert news_of(by_instance(make_record("e-2", actor=make_actor("eve")))) == ["actor eve"]


def test_an_actor_whom_nothing_names_is_news_too() -> None:
    """Somebody unknown beside somebody known is not passed over."""
    nobody = make_record("e-2", actor=msgspec.structs.replace(make_actor(), principal="", name=""))
    assert news_of(by_instance(nobody)) == ["actor unknown"]


@pytest.mark.parametrize(
    ("first", "second", "news"),
    [
        ("198.51.100.7", "198.51.100.250", []),
        ("198.51.100.7", "198.51.101.7", ["network 198.51.101.0/24"]),
        ("2001:db8:1:2::7", "2001:db8:1:ffff::7", []),
        ("2001:db8:1:2::7", "2001:db8:2:2::7", ["network 2001:db8:2::/48"]),
        ("198.51.100.7", "cloudformation.amazonaws.com", ["network cloudformation.amazonaws.com"]),
        ("198.51.100.7", "", []),
    ],
)
def test_a_new_network_is_news(first: str, second: str, news: list[str]) -> None:
    """Addresses are told apart by /24 or /48; a service's name stands for itself."""
    one, other = make_record(source_ip=first), make_record("e-2", source_ip=second)
    assert news_of(by_instance(other), by_instance(one)) == news


def test_a_new_program_is_news_but_its_update_is_not() -> None:
    """User agents are compared without their versions."""
    update = make_record("e-2", user_agent="aws-cli/2.16.1 Python/3.12")
    other = make_record("e-3", user_agent="Boto3/1.40")
    assert news_of(by_instance(update)) == []
    assert news_of(by_instance(other)) == ["program Boto3/1.40"]


def test_success_after_refusals_is_news() -> None:
    """The attempt that worked stands out among those that did not."""
    refused = by_instance(make_record(error_code="AccessDenied"))
    again = by_instance(make_record("e-2", error_code="AccessDenied"))
    worked = by_instance(make_record("e-3"))
    assert news_of(again, refused) == []
    assert news_of(worked, refused) == ["UpdateSecurityProfile succeeded after being refused"]
    assert news_of(again, by_instance()) == []


def test_a_higher_level_is_news_and_a_lower_one_is_not() -> None:
    """The alert takes the worst level, with the headline that belongs to it."""
    high = by_instance(level=Level.HIGH)
    worse = by_instance(make_record("e-2"), level=Level.CRITICAL, headline="It worked")
    assert news_of(worse, high) == ["level critical"]
    [alert] = fold_all([high, worse])
    assert (alert.level, alert.headline) == (Level.CRITICAL, "It worked")
    assert news_of(high, worse) == []
    [alert] = fold_all([worse, high])
    assert (alert.level, alert.headline) == (Level.CRITICAL, "It worked")


def test_an_alert_keeps_the_last_news_only() -> None:
    """The card stays short; what falls off it is in the thread."""
    records = [make_record(f"e-{n}", source_ip=f"10.0.{n}.1") for n in range(NEWS_KEPT + 5)]
    [alert] = fold_all([by_instance(record) for record in records])
    assert len(alert.news) == NEWS_KEPT
    assert alert.news[-1].startswith(f"network 10.0.{NEWS_KEPT + 4}.0/24")


def test_a_flood_of_addresses_does_not_push_a_second_person_out() -> None:
    """Eve came early in a burst of 100 networks: she is still named when it is over."""
    flood = [by_instance(make_record(f"e-{n}", source_ip=f"10.0.{n}.1")) for n in range(100)]
    eve = by_instance(make_record("e-x", actor=make_actor("eve"), source_ip="10.0.0.2"))
    [alert] = fold_all([*flood[:10], eve, *flood[10:]])
    assert len(alert.news) == NEWS_KEPT
    assert [line for line in alert.news if line.startswith("actor eve")]
    assert alert.news[-1].startswith("network 10.0.99.0/24")


def test_the_last_network_that_is_told_apart_says_so() -> None:
    """After it silence does not mean that nothing is new; once is enough."""
    flood = [by_instance(make_record(f"e-{n}", source_ip=f"10.0.{n}.1")) for n in range(SEEN_KEPT)]
    more = by_instance(make_record("e-x", source_ip="10.1.0.1"))
    [alert] = fold_all([*flood, more])
    assert "more are not told apart" in alert.news[-1]
    assert sum("not told apart" in line for line in alert.news) == 1
    assert (alert.count, len(alert.seen.networks)) == (SEEN_KEPT + 1, SEEN_KEPT)


def test_an_actor_too_many_opens_an_alert_of_their_own() -> None:
    """When an alert can name no more actors, the next one is not hidden in it."""
    full = [by_instance(make_record(f"e-{n}", actor=make_actor(f"u{n}"))) for n in range(SEEN_KEPT)]
    alerts = fold_all([*full, by_instance(make_record("e-x", actor=make_actor("eve")))])
    assert [alert.count for alert in alerts] == [SEEN_KEPT, 1]
    assert alerts[1].actor.name == "eve"
    again = fold_all([*full, by_instance(make_record("e-y", actor=make_actor("u3")))])
    assert [alert.count for alert in again] == [SEEN_KEPT + 1]


# ── resolved alerts ─────────────────────────────────────────────────────────


def test_a_resolved_alert_takes_in_a_late_duplicate() -> None:
    """What happened before the resolution, and shows nothing new, is counted quietly."""
    before = resolved(make_alert())
    folded = make_triage().fold(finding_at(3), [before], lambda: "A-2", NOW)
    assert (folded.opened, folded.alert.id, folded.alert.count) == (False, before.id, 2)
    assert folded.alert.state is AlertState.RESOLVED
    assert kinds(folded.sends) == ["edit"]


def test_what_comes_after_the_resolution_opens_a_new_alert() -> None:
    """Nobody hides behind a closed alert."""
    folded = make_triage().fold(finding_at(6), [resolved(make_alert())], lambda: "A-2", NOW)
    assert (folded.opened, folded.alert.id) == (True, "A-2")


def test_something_new_about_a_resolved_alert_opens_a_new_one() -> None:
    """Late or not, new context is never put on a card that people are done with."""
    late = finding_at(3, source_ip="203.0.113.9")
    folded = make_triage().fold(late, [resolved(make_alert())], lambda: "A-2", NOW)
    assert folded.opened


def test_the_alert_opened_after_a_resolution_takes_in_what_follows() -> None:
    """There is one new alert, not one for each finding."""
    second = make_alert(id="A-2", anchor=iso(NOON + timedelta(minutes=6)))
    folded = make_triage().fold(finding_at(7), [second, resolved(make_alert())], lambda: "A-3", NOW)
    assert (folded.opened, folded.alert.id) == (False, "A-2")


# ── Global Resiliency ───────────────────────────────────────────────────────


def test_a_replay_after_the_original_folds_quietly() -> None:
    """The replica's copy is counted as such; it is no new actor and no new network."""
    [alert] = fold_all([make_finding(), make_finding(make_replay())])
    assert (alert.count, alert.replays, alert.news) == (2, 1, ())
    assert (alert.actor.name, alert.region) == ("mallory", "eu-central-1")


def test_a_replay_before_the_original_makes_way_for_it() -> None:
    """The alert is then about the person, whose name is news, and follows their fold key."""
    findings = [make_finding(make_replay()), make_finding(), finding_at(2)]
    [alert] = fold_all(findings)
    assert (alert.actor.name, alert.count, alert.replays) == ("mallory", 3, 1)
    assert alert.headline == "mallory changed a security profile"
    assert [line.rpartition(" (")[0] for line in alert.news] == ["the change itself: by mallory"]


def test_replays_alone_are_one_alert() -> None:
    """Without the original the replays still fold and are still shown."""
    [alert] = fold_all([make_finding(make_replay("r-1")), make_finding(make_replay("r-2"))])
    assert (alert.count, alert.replays) == (2, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"target": "another-profile"},
        {"instance": OTHER},
        {"name": "DeleteSecurityProfile"},
        {"target": "", "instance": ""},
    ],
)
def test_a_replay_of_something_else_is_another_alert(changes: dict[str, str]) -> None:
    """Only the same call upon the same thing is taken for a copy."""
    alerts = fold_all([make_finding(), make_finding(make_replay(**changes))])
    assert [alert.count for alert in alerts] == [1, 1]


def test_a_second_person_on_the_same_thing_is_no_replay() -> None:
    """Only AWS's own role repeats; a colleague who does the same is another alert."""
    alerts = fold_all([make_finding(), finding_at(1, actor=make_actor("eve"))])
    assert [alert.actor.name for alert in alerts] == ["mallory", "eve"]


def test_one_replay_makes_way_for_one_person_only() -> None:
    """Two people change the same thing, one copy came first: two alerts, two names."""
    eve = finding_at(1, actor=make_actor("eve"))
    alerts = fold_all([make_finding(make_replay()), make_finding(), eve])
    assert sorted(alert.actor.name for alert in alerts) == ["eve", "mallory"]


def test_a_replay_later_than_the_resolution_is_not_hidden_in_it() -> None:
    """A copy of a change that nobody had seen when they resolved is a new alert."""
    before, after = make_replay(time=at(3)), make_replay(time=at(6))
    old = resolved(make_alert())
    assert not make_triage().fold(make_finding(before), [old], lambda: "A-2", NOW).opened
    assert make_triage().fold(make_finding(after), [old], lambda: "A-2", NOW).opened


# ── networks and programs ───────────────────────────────────────────────────


@given(st.text())
def test_network_and_agent_never_raise(text: str) -> None:
    """Whatever a record holds there, it can be compared."""
    assert isinstance(network(text), str)
    assert len(agent(text)) <= 120


@given(st.ip_addresses(v=4), st.integers(0, 255))
def test_addresses_of_one_24_are_one_network(address: object, last: int) -> None:
    """The last byte never matters."""
    neighbour = f"{str(address).rpartition('.')[0]}.{last}"
    assert network(str(address)) == network(neighbour)


# ── through the real store ──────────────────────────────────────────────────


def test_the_same_event_twice_is_one_finding(store: SqliteStore) -> None:
    """A delivery that comes again changes nothing."""
    triage, batch = make_triage(), judged(make_finding())
    first, again = (store.keep(batch, triage, NOW) for _ in range(2))
    assert (first.records, first.findings, first.opened) == (1, 1, 1)
    assert (again.records, again.findings, again.opened, again.changed) == (0, 0, 0, 0)
    assert store.counts()["findings"] == 1


@pytest.mark.parametrize("together", [True, False])
def test_twins_by_shared_id_are_one_finding(store: SqliteStore, together: bool) -> None:
    """The same call seen from two accounts is two records and one finding."""
    twins = [
        make_finding(make_record("e-1", key="s-1")),
        make_finding(make_record("e-2", key="s-1", account="444455556666")),
    ]
    for batch in [twins] if together else [[twin] for twin in twins]:
        store.keep(judged(*batch), make_triage(), NOW)
    [alert] = store.alerts([AlertState.OPEN])
    assert (alert.count, store.counts()["records"], store.counts()["findings"]) == (1, 2, 1)


@pytest.mark.parametrize("together", [True, False])
def test_a_new_fold_key_counts_at_once(store: SqliteStore, together: bool) -> None:
    """When an original takes over from its replay, what follows folds in, batch or no batch."""
    other = make_finding(make_record("e-2", target="admin-profile", time=at(1)))
    findings = [make_finding(make_replay()), make_finding(), other]
    for batch in [findings] if together else [[finding] for finding in findings]:
        store.keep(judged(*batch), make_triage(), NOW)
    [alert] = store.alerts([AlertState.OPEN])
    assert (alert.count, alert.actor.name) == (3, "mallory")


def test_a_late_delivery_joins_the_alerts_of_its_hour(store: SqliteStore) -> None:
    """However many newer alerts there are, old findings do not each open an alert."""
    hours = range(0, 40 * 60, 90)
    store.keep(judged(*(finding_at(minutes) for minutes in hours)), make_triage(), NOW)
    late = [finding_at(minutes, seconds=5) for minutes in range(5)]
    for finding in late:
        store.keep(judged(finding), make_triage(), NOW)
    alerts = store.alerts([AlertState.OPEN], limit=100)
    assert len(alerts) == len(hours)
    assert max(alert.count for alert in alerts) == 1 + len(late)


_NAMES = ("mallory", "eve", "trent")


@st.composite
def _findings(draw: st.DrawFn) -> list[Finding]:
    """A handful of findings of few actors, targets, networks and hours, in any order."""
    found = []
    for number in range(draw(st.integers(1, 14))):
        change = {
            "time": at(minutes=draw(st.sampled_from((0, 20, 59, 61, 119, 121)))),
            "source_ip": draw(st.sampled_from(("198.51.100.7", "203.0.113.9"))),
            "target": draw(st.sampled_from(("one", "two"))),
            "error_code": draw(st.sampled_from(("", "AccessDenied"))),
            "key": draw(st.sampled_from((f"k-{number}", "k-shared"))),
        }
        if draw(st.booleans()):
            record = make_record(
                f"e-{number}", actor=make_actor(draw(st.sampled_from(_NAMES))), **change
            )
        else:
            record = make_replay(f"e-{number}", **change)
        fold_by_actor = draw(st.booleans())
        rule = "by_actor" if fold_by_actor else "by_instance"
        fold = (record.actor.principal, INSTANCE) if fold_by_actor else (INSTANCE,)
        found.append(make_finding(record, rule=rule, fold=fold))
    return draw(st.permutations(found))


@settings(max_examples=30)
@given(findings=_findings(), size=st.integers(1, 7))
def test_in_any_order_nothing_is_lost_or_hidden(findings: list[Finding], size: int) -> None:
    """Each finding is in exactly one alert, the counts add up, and each actor is named there."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "any.db")
        for start in range(0, len(findings), size):
            store.keep(judged(*findings[start : start + size]), make_triage(), NOW)
        rows = store.reader.execute("SELECT id, alert FROM findings").fetchall()
        alerts = {alert.id: alert for alert in store.alerts(list(AlertState), limit=1000)}
        cards = [send for send in _sends(store) if send == SendKind.CARD]
        store.close()
    expected = {finding.id: finding for finding in findings}
    assert {row[0] for row in rows} == expected.keys()
    assert Counter(row[1] for row in rows) == {one.id: one.count for one in alerts.values()}
    assert len(cards) == len(alerts)
    for finding_id, alert_id in rows:
        assert _is_named(expected[finding_id], alerts[alert_id], findings)


def _sends(store: SqliteStore) -> list[str]:
    return [row[0] for row in store.reader.execute("SELECT kind FROM outbox")]


def _is_named(finding: Finding, alert: Alert, findings: list[Finding]) -> bool:
    """Whether one of the actors of *finding*'s twins is named by *alert*; a replay has none."""
    twins = [one.record for one in findings if one.id == finding.id]
    seen = {*alert.seen.actors, alert.actor.principal}
    return any(record.replay or record.actor.principal in seen for record in twins)
