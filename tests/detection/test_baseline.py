"""What is unusual is said, with its reason; what is usual is not, and the budget holds."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from math import log2
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detection.baseline import RATE, Baseline, Tuning
from bot.detection.baseline.budget import Budget
from bot.detection.baseline.features import family, hour_of, hour_of_week, network, risk
from bot.detection.baseline.keys import key
from bot.detection.baseline.scoring import rate_surprisal, surprisal
from bot.detection.origin import NOWHERE, Origin, nowhere
from bot.detection.record import Entry
from bot.model import Finding, Level
from bot.model.evidence import Row, counted, taken_back, touched
from tests.detection.made import entry, record

START = datetime(2026, 9, 7, tzinfo=UTC)
HALF = 720.0


def call(day: float, name: str = "UpdateContactFlowContent", **fields: Any) -> Entry:
    """A call *day* days after the start by the deploy role, *fields* replacing."""
    when = (START + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
    session = str(fields.pop("session", "pipeline"))
    role = str(fields.pop("role", "deploy-role"))
    who = {
        "type": "AssumedRole",
        "principalId": f"AROA:{session}",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/{session}",
        "accountId": "111122223333",
        "sessionContext": {
            "sessionIssuer": {"arn": f"arn:aws:iam::111122223333:role/{role}", "userName": role}
        },
    }
    chance = random.Random(f"{day}{name}{fields}{session}")  # noqa: S311 - an id
    unique = f"{chance.getrandbits(128):032x}"
    return entry(record(name, eventTime=when, eventID=unique, userIdentity=who, **fields))


def ordinary(baseline: Baseline, days: range, **fields: Any) -> list[Finding]:
    """Office hours of a deploy role: a list at ten, a release at eleven, every day."""
    found: list[Finding] = []
    for day in days:
        for hour, name in ((10, "ListContactFlows"), (11, "UpdateContactFlowMetadata")):
            one = call(day + hour / 24, name, **fields)
            assert baseline.unseen(one.core)
            found += baseline.learn(one)
    return found


@pytest.fixture
def baseline() -> Baseline:
    """Forty quiet days were seen."""
    made = Baseline(Tuning())
    assert ordinary(made, range(40)) == []
    return made


def said(baseline: Baseline, one: Entry) -> str:
    """Why the baseline speaks of *one*, "" where it does not."""
    return " / ".join(finding.why for finding in baseline.learn(one))


def test_what_is_usual_is_never_said(baseline: Baseline) -> None:
    """The forty-first day is like the others."""
    assert ordinary(baseline, range(40, 45)) == []


DIFFERENT: dict[str, tuple[dict[str, Any], str]] = {
    "operation": ({"name": "DeleteContactFlow"}, "first DeleteContactFlow by pipeline"),
    "region": ({"awsRegion": "sa-east-1"}, "new Region sa-east-1"),
    "network": ({"sourceIPAddress": "198.51.100.9"}, "new network 198.51.100.0/24"),
    "agent": ({"userAgent": "curl/8"}, "new kind of client curl"),
    "instance": (
        {"requestParameters": {"InstanceId": "00000000-0000-4000-8000-00000000abcd"}},
        "new instance 00000000-0000-4000-8000-00000000abcd",
    ),
    "error": ({"errorCode": "AccessDenied"}, "first AccessDenied"),
    "hour": ({"day": 40 + 3 / 24}, "first activity on a Saturday at 03:00 UTC"),
}


@pytest.mark.parametrize("dimension", DIFFERENT)
def test_each_dimension_is_named_where_it_is_new(baseline: Baseline, dimension: str) -> None:
    """With something else that is new beside it: one alone need not be worth an alert."""
    fields, words = DIFFERENT[dimension]
    other: dict[str, Any] = {"sourceIPAddress": "192.0.2.1", "awsRegion": "ap-south-1"} | fields
    given: dict[str, Any] = {"day": 40 + 10 / 24, "name": "CreateSecurityProfile"} | other

    assert words in said(baseline, call(**given))


@pytest.mark.parametrize("dimension", sorted(DIFFERENT.keys() - {"hour"}))
def test_the_second_time_is_not_new(baseline: Baseline, dimension: str) -> None:
    """The near miss: the same, once it has been seen."""
    fields, _ = DIFFERENT[dimension]
    baseline.learn(call(**({"day": 39.5} | fields)))

    assert said(baseline, call(**({"day": 40.5} | fields))) == ""


def test_the_reason_is_in_words(baseline: Baseline) -> None:
    """How long and how often the actor was seen without it."""
    why = said(baseline, call(40.5, "DeleteContactFlow", sourceIPAddress="198.51.100.9"))

    assert "first DeleteContactFlow by pipeline (deploy-role) in 40 days (81 active hours)" in why
    assert "new network 198.51.100.0/24" in why


def test_what_peers_do_surprises_less() -> None:
    """Three sessions of the same role do it: the fourth's first time is no alert."""
    scores = []
    for peers in (0, 3):
        baseline = Baseline(Tuning())
        for day in range(40):
            ordinary(baseline, range(day, day + 1))
            for number in range(peers):
                baseline.learn(call(day + 0.5, "DeleteContactFlow", session=f"peer-{number}x"))
        scores.append(said(baseline, call(40.45, "DeleteContactFlow")))
    assert "first DeleteContactFlow" in scores[0]
    assert scores[1] == ""


def moved(baseline: Baseline, day: float = 40.5) -> str:
    """Why it speaks of a first call from an address far away."""
    return said(baseline, call(day, "CreateInstance", sourceIPAddress="198.51.100.9"))


PLACES = {
    "203.0.113": Origin("AS64500", "Example", "DE"),
    "198.51.100": Origin("AS64501", "", "BR"),
}


def placed(address: str) -> Origin:
    """`OriginOf`: two places."""
    return PLACES.get(address.rpartition(".")[0], NOWHERE)


def test_where_an_address_is_counts_too() -> None:
    """Another owner and another country are said, and more surprising than the network alone."""
    scores = {}
    for origin_of in (nowhere, placed):
        baseline = Baseline(Tuning(), None, origin_of)
        ordinary(baseline, range(40))
        scores[origin_of] = moved(baseline)
    assert "new network 198.51.100.0/24; nobody" in scores[nowhere]
    for part in ("198.51.100.0/24, AS64501, BR;", "new country BR", "new network owner AS64501"):
        assert part in scores[placed]
    assert bits(scores[placed]) > bits(scores[nowhere])


def test_turning_places_on_later_is_no_news() -> None:
    """Everybody's first country would be a new one."""
    on: list[bool] = []
    baseline = Baseline(Tuning(), None, lambda address: placed(address) if on else NOWHERE)
    ordinary(baseline, range(40))
    on.append(True)
    assert ordinary(baseline, range(40, 44)) == []
    assert "new country BR" in moved(baseline, 44.5)


def bits(why: str) -> int:
    """The score that a reason ends with."""
    return int(why.rpartition("(")[2].split()[0])


def test_warming_up_says_nothing_but_that() -> None:
    """In the first week everything is new."""
    baseline = Baseline(Tuning())
    ordinary(baseline, range(5))

    assert said(baseline, call(5.5, "DeleteInstance", awsRegion="sa-east-1")) == ""
    assert baseline.status == "Baselines are warming up: 2 more days before they speak."


def test_status_says_what_of_the_budget_is_used(baseline: Baseline) -> None:
    """Before the first record, and after an alert."""
    assert Baseline(Tuning()).status == "Baselines have seen nothing yet."
    assert said(baseline, call(40.5, "DeleteInstance", awsRegion="sa-east-1"))
    assert baseline.status.startswith("Baselines: 1 of 3 alerts today, for surprise of 14 bits")


def test_ever_higher_scores_do_not_break_the_budget() -> None:
    """Each beats all before; the day has its three alerts and one more, and status tells of the
    others. The next day begins anew."""
    budget = Budget()
    budget.turn(240, 3)
    levels = [judged(budget, subject, 20.0 + subject) for subject in range(8)]
    assert [level is not None for level in levels] == [True] * 4 + [False] * 4
    assert len(budget.held) == 4
    assert judged(budget, 3, 40.0) is not None
    assert judged(budget, 7, 41.0) is None
    budget.turn(264, 3)
    assert (budget.held, budget.spoken) == ([], {})
    assert judged(budget, 7, 60.0) is not None


def test_beyond_the_budget_a_score_must_beat_all() -> None:
    """A lower one is held back."""
    budget = Budget()
    budget.turn(240, 3)
    for subject in range(3):
        assert judged(budget, subject, 30.0) is not None
    assert judged(budget, 4, 30.0) is None
    assert judged(budget, 5, 30.1) is not None


def judged(budget: Budget, subject: int, score: float) -> Level | None:
    """Its level, after the warm-up, three alerts a day."""
    return budget.judge(subject, score, per_day=3, half_life_days=30.0, quiet=False)


def test_a_burst_is_said_and_a_busy_hour_is_not(baseline: Baseline) -> None:
    """A hundred changes in an hour where one is usual; four are not worth a word."""
    found: list[Finding] = []
    for number in range(100):
        one = call(40 + 11 / 24, "UpdateContactFlowMetadata")
        if seen := baseline.unseen(one.core):
            found += baseline.learn(one, seen)
        if number == 3:
            assert found == []
    assert {finding.rule for finding in found} == {RATE}
    assert "write calls to connect.amazonaws.com within an hour" in found[0].why


def test_a_burst_does_not_become_usual_at_once(baseline: Baseline) -> None:
    """An hour counts once for what was seen, and little for how often."""
    rate = Row()
    for hour in range(1, 30):
        counted(rate, hour, 1, HALF)
    counted(rate, 30, 5_000, HALF)
    counted(rate, 31, 1, HALF)

    assert rate.novel / rate.weight < 1.5


def test_peers_stand_in_for_a_short_history() -> None:
    """Of two newcomers one calls as often as their peers do, the other twenty times as often."""
    baseline = Baseline(Tuning())
    for day in range(30):
        for number in range(3):
            busy(baseline, day + 0.4, 10, f"peer-{number}x")
    assert busy(baseline, 30.4, 12, "new-onex") == []
    [finding] = busy(baseline, 30.5, 256, "new-twox")[-1:]
    assert finding.rule == RATE
    assert "peers (role deploy-role) make" in finding.why
    assert "(own history: 0 such hours)" in finding.why


def test_a_group_of_one_has_no_peers() -> None:
    """A short history is not told twice by being one's own peer."""
    baseline = Baseline(Tuning(warmup_days=1))
    for day in range(5):
        assert busy(baseline, day + 0.4, 8, "alonex") == []
    assert RATE not in {one.rule for one in busy(baseline, 6.4, 256, "alonex")}


def busy(baseline: Baseline, day: float, number: int, session: str) -> list[Finding]:
    """So many equal calls within the hour."""
    found: list[Finding] = []
    one = call(day, "ListUsers", session=session)
    for _ in range(number):
        if seen := baseline.unseen(one.core):
            found += baseline.learn(one, seen)
    return found


def test_services_that_are_refused_are_quiet(baseline: Baseline) -> None:
    """A log delivery that is refused in a new Region is nobody's attack."""
    for day in range(40, 50):
        who = {"type": "AWSService", "invokedBy": "delivery.logs.amazonaws.com"}
        made = record("PutObject", eventTime=f"2026-10-{day - 25}T10:00:00Z", userIdentity=who)
        made |= {"errorCode": "AccessDenied", "awsRegion": f"region-{day}"}
        assert baseline.learn(entry(made)) == ()


def test_the_budget_holds_over_sixty_days() -> None:
    """Sixty busy days in which several people a day do new things from new places."""
    baseline, chance = Baseline(Tuning(budget_per_day=3)), random.Random(7)  # noqa: S311
    spoken: dict[int, set[str]] = {}
    for day in range(60):
        for person in range(12):
            for number in range(6):
                name = f"Update{chance.choice('ABCDEFGHIJ')}{int(chance.paretovariate(0.9))}"
                one = call(
                    day + (8 + number) / 24,
                    name,
                    session=f"agent-{person:02}",
                    sourceIPAddress=f"203.0.{int(chance.paretovariate(1)) % 250}.7",
                )
                for finding in baseline.learn(one):
                    spoken.setdefault(day, set()).add(finding.record.actor.principal)
    assert min(spoken, default=7) >= 7
    counts = sorted(len(one) for one in spoken.values())
    assert counts[len(counts) // 2] <= 3
    assert max(counts) <= 4


def test_old_evidence_fades() -> None:
    """Half of it is left after a half-life; what was not seen for five of them is new again."""
    levels = [(Row(10.0, 1, 0, 0, 1, 10), Row(20.0, 2.0, 0, 0, 0, 20))]
    bits = [surprisal(levels, int(hours), HALF) for hours in (0, HALF, 8 * HALF)]

    assert bits == sorted(bits)
    assert bits[0] < 1.5 < bits[2]


def test_a_record_from_the_future_teaches_nothing() -> None:
    """Its day would hold all later ones, and with them their budget."""
    baseline = Baseline(Tuning(), None, nowhere, lambda: START + timedelta(days=40.6))
    ordinary(baseline, range(40))
    before = baseline.rows
    for day in (9_000.0, 41.0):
        assert said(baseline, call(day, "DeleteInstance", awsRegion="sa-east-1")) == ""
    assert baseline.rows == before
    assert said(baseline, call(40.6, "DeleteInstance", awsRegion="sa-east-1"))


def test_a_score_is_what_the_page_says() -> None:
    """docs/detection.md by hand: 21 weeks of one call, then another, which weighs 1.4.

    Alone in its group and its account, with 21 hours of one value that was new once: the account
    gives 2⁻⁸ / 22, its own scope the 22nd part of that.
    """
    baseline = Baseline(Tuning(half_life_days=1_000_000))
    for week in range(21):
        assert baseline.learn(call(7.0 * week, "ListUsers")) == ()
    by_hand = 1.4 * (8 + 2 * log2(22))

    why = said(baseline, call(7.0 * 21, "DeleteUser"))
    assert why == (
        "first DeleteUser by pipeline (deploy-role) in 147 days (22 active hours);"
        f" nobody else in this account does it ({by_hand:.0f} bits of surprise)"
    )


def test_rates_need_something_to_compare_with() -> None:
    """Too few hours, or a count that is usual, tell nothing."""
    rate = Row(20.0, 100.0, 1, 1, 0, 600.0)

    assert rate_surprisal(Row(3.0, 15.0, 1, 1, 0, 90.0), None, 500)[0] == 0
    assert rate_surprisal(rate, None, 5)[0] == 0
    assert 0 < rate_surprisal(rate, None, 12)[0] < rate_surprisal(rate, None, 64)[0]


# ── evidence ────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(1_000, 1_040), min_size=1), st.randoms())
def test_order_and_repeats_change_nothing(hours: list[int], chance: random.Random) -> None:
    """Records come late and twice; the evidence is the same."""
    rows = []
    for order in (hours, chance.sample([*hours, *hours], 2 * len(hours))):
        row = Row()
        for hour in order:
            touched(row, hour, HALF)
        rows.append(row)
    one, other = rows
    assert (one.first, one.last, one.mask, one.hours) == (
        other.first,
        other.last,
        other.mask,
        other.hours,
    )
    assert one.weight == pytest.approx(other.weight)


@given(st.sets(st.integers(1_000, 1_040), min_size=2))
def test_what_is_taken_back_is_gone(hours: set[int]) -> None:
    """An hour that was an attack's leaves no weight."""
    row, gone = Row(), max(hours)
    for hour in hours:
        touched(row, hour, HALF)
    weight = row.weight
    assert taken_back(row, gone, HALF)
    assert row.weight == pytest.approx(weight - 1)
    assert not taken_back(row, gone, HALF)


@given(st.lists(st.text(), min_size=1))
def test_keys_tell_their_parts_apart(parts: list[str]) -> None:
    """Moving a letter from one part to the next makes another key; each fits SQLite."""
    assert key(*parts) != key(*parts, "")
    assert -(2**63) <= key(*parts) < 2**63


@pytest.mark.parametrize("seed", ["0", "1234"])
def test_keys_are_the_same_in_every_process(seed: str) -> None:
    """They stand on disk; Python's own hashes do not survive the process."""
    code = "from bot.detection.baseline.keys import key; print(key('operation', 'x', 'ß'))"
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
    )
    assert int(out.stdout) == key("operation", "x", "ß")


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (network("203.0.113.77"), "203.0.113.0/24"),
        (network("2001:db8:1:2::9"), "2001:db8:1::/48"),
        (network("connect.amazonaws.com"), "connect.amazonaws.com"),
        (family("aws-cli/2.31.4 md/x"), "aws-cli"),
        (family("Mozilla/5.0 (X11)"), "a browser"),
        (family("[Boto3/1.40 md]"), "boto3"),
        (hour_of_week(hour_of("2026-11-25T03")), "wed 03"),
        (risk("connect.amazonaws.com", "ListUsers"), 0.5),
        (risk("connect.amazonaws.com", "UpdateSecurityProfile"), 1.4),
        (risk("s3.amazonaws.com", "PutObject"), 1.0),
    ],
)
def test_values_are_made_coarse(got: object, wanted: object) -> None:
    """Prefixes, families, hours of the week and risks."""
    assert got == wanted


def test_a_record_without_time_or_actor_teaches_nothing() -> None:
    """It does not raise either."""
    baseline = Baseline(Tuning())
    assert baseline.learn(entry(record(eventTime="soon"))) == ()
    assert baseline.learn(entry(record(userIdentity=None))) == ()
    assert baseline.rows == 0


def test_unseen_is_true_for_the_first_of_an_hour_then_for_powers_of_two() -> None:
    """What is known costs one look into a dict."""
    baseline, one = Baseline(Tuning()), call(1)
    assert [baseline.unseen(one.core) for _ in range(8)] == [1, 2, 0, 4, 0, 0, 0, 8]
    assert baseline.unseen(call(1 + 1 / 24).core) == 1
    assert baseline.fresh([one.core, call(2).core, call(2).core]) == [(1, 1), (2, 2)]
