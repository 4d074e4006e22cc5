"""What a baseline says is a short sentence that begins with what was done, and is true."""

from __future__ import annotations

from typing import Any

import pytest

from bot.detection.baseline import Baseline, Tuning
from bot.detection.baseline.features import Caller, caller, feature
from bot.detection.baseline.learning import Burst
from bot.detection.baseline.surprise import New, Others
from bot.detection.baseline.words import Known, first_seen, rate
from bot.detection.origin import NOWHERE, Origin
from bot.model import Actor
from bot.model.evidence import Row, Rows, Touch, apply, is_new_day, taken_back, touched
from tests.detection.test_baseline import HALF, call, ordinary, said

NOW = 41 * 24
ACTIVE = Row(50.0, 1, 0, NOW, 1, 212.0, 30)
SOMEBODY = Others(1, 1, 0)


def who(role: str = "deploy-role", kind: str = "AssumedRole") -> Caller:
    """A session of a role."""
    principal = f"arn:aws:iam::111122223333:role/{role}/ci" if role else "arn:aws:iam::1:user/ci"
    return caller(Actor(principal=principal, name="ci", kind=kind), "111122223333", service=False)


def new(dimension: str, value: str, others: Others | None = None, **fields: Any) -> New:
    """Something new; somebody in the account does it."""
    given = {"group": others, "account": others or SOMEBODY} | fields
    return New(9.0, feature(dimension, value), **given)


def sentence(
    *found: New, peers: int = 14, caller: Caller | None = None, origin: Origin = NOWHERE
) -> str:
    """What is said of a call of UpdateContactFlowContent."""
    name = "UpdateContactFlowContent"
    return first_seen(caller or who(), list(found), name, Known(NOW, ACTIVE, peers, origin))


OPERATION = "connect.amazonaws.com UpdateContactFlowContent"
FIRST = "first UpdateContactFlowContent by ci in 41 days (212 active hours)"
SEEN = "UpdateContactFlowContent by ci, seen for 41 days (212 active hours)"
GROUP = "peers (role deploy-role)"


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (
            [new("network", "203.0.113.0/24"), new("operation", OPERATION, Others(3, 18, 0))],
            f"{FIRST}; 3 of 14 {GROUP} do it weekly; new network 203.0.113.0/24",
        ),
        ([new("operation", OPERATION)], f"{FIRST}; none of 14 {GROUP} does it"),
        (
            [new("operation", OPERATION, account=None)],
            f"{FIRST}; nobody else in this account does it",
        ),
        (
            [new("network", "203.0.113.0/24", Others(2, 60, 0))],
            f"{SEEN}: new network 203.0.113.0/24; 2 of 14 {GROUP} come from there daily",
        ),
        (
            [new("region", "sa-east-1", Others(1, 1, 0))],
            f"{SEEN}: new Region sa-east-1; 1 of 14 {GROUP} works there",
        ),
        (
            [new("agent", "curl", Others(2, 8, 0))],
            f"{SEEN}: new kind of client curl; 2 of 14 {GROUP} use it monthly",
        ),
        (
            [new("error", "AccessDenied"), new("hour", "sat 03")],
            f"{SEEN}: first AccessDenied; first activity on a Saturday at 03:00 UTC",
        ),
        (
            [new("operation", OPERATION, last=NOW - 480)],
            f"first UpdateContactFlowContent by ci in 20 days; none of 14 {GROUP} does it",
        ),
        (
            [
                new("principal", "ci"),
                new("operation", OPERATION, Others(4, 80, 0)),
                new("network", "203.0.113.0/24", account=None),
                new("region", "eu-central-1"),
                new("hour", "sat 03", account=None),
            ],
            f"UpdateContactFlowContent by ci, never seen before; 4 of 14 {GROUP} do it daily;"
            " new network 203.0.113.0/24; nobody else in this account comes from there",
        ),
    ],
)
def test_sentences(found: list[New], wanted: str) -> None:
    """The operation first; each dimension with its own verb; how often, where it can be told."""
    assert sentence(*found) == wanted


def test_somebody_without_peers_is_held_against_the_account() -> None:
    """There is no group to speak of."""
    said = sentence(new("operation", OPERATION, Others(2, 40, 0)), peers=0)
    assert said == f"{FIRST}; 2 others in this account do it"


def test_a_network_is_told_with_its_owner_and_its_country() -> None:
    """Where a file knows them; what of them is new has its own words."""
    network, example = new("network", "203.0.113.0/24"), Origin("AS64500", "Example", "DE")
    asn, country = new("asn", "AS64500"), new("country", "DE", account=None)

    assert sentence(network, origin=example) == (
        f"{SEEN}: new network 203.0.113.0/24, AS64500 Example, DE"
    )
    assert sentence(network, country, asn, origin=example) == (
        f"{SEEN}: new network 203.0.113.0/24, AS64500 Example, DE; new country DE;"
        " nobody else in this account comes from there; new network owner AS64500 Example"
    )


@pytest.mark.parametrize(
    ("made", "group"),
    [
        (who(), "role deploy-role"),
        (who("", "IAMUser"), "IAM users"),
        (who("", "Unheard"), "Unheard"),
    ],
)
def test_peers_are_named(made: Caller, group: str) -> None:
    """By their role, or by what they are."""
    assert f"none of 14 peers ({group}) does it" in sentence(
        new("operation", OPERATION), caller=made
    )


def test_a_long_value_is_cut() -> None:
    """Whoever calls may choose it."""
    assert len(sentence(new("agent", "x" * 9_000))) < 400


def test_a_rate_says_what_is_usual() -> None:
    """And on how much evidence."""
    burst = Burst("write", 30.0, 1.25, 64, 39.0)
    assert rate(who(), "connect.amazonaws.com", burst) == (
        "64 or more write calls to connect.amazonaws.com within an hour by ci;"
        " usual are 1.2 an active hour (39 such hours of evidence)"
    )


def test_a_short_history_names_the_peers() -> None:
    """Their hours stand in for those that lack."""
    burst = Burst("read", 30.0, 12.5, 64, 2.1)
    assert rate(who(), "connect.amazonaws.com", burst) == (
        "64 or more read calls to connect.amazonaws.com within an hour by ci;"
        " peers (role deploy-role) make 12 an active hour (own history: 2 such hours)"
    )


def test_peers_at_the_same_hour_are_each_counted() -> None:
    """Three peers who all release at noon, every day, do it daily; one who did it twice does not
    do it daily."""
    baseline = Baseline(Tuning())
    for day in range(40):
        ordinary(baseline, range(day, day + 1))
        for number in range(3):
            baseline.learn(call(day + 0.5, "DeleteContactFlow", session=f"peer-{number}x"))
            baseline.learn(call(day + 0.5, "ListUsers", session=f"peer-{number}x"))
    for day in (38, 39):
        baseline.learn(call(day + 0.7, "DeleteInstance", session="peer-1x"))

    strange: dict[str, Any] = {"sourceIPAddress": "192.0.2.1", "awsRegion": "ap-south-1"}
    often = said(baseline, call(40.45, "DeleteContactFlow", **strange))
    rarely = said(baseline, call(40.46, "DeleteInstance", userAgent="curl/8"))
    assert "; 3 of 3 peers (role deploy-role) do it daily;" in often
    assert "; 1 of 3 peers (role deploy-role) does it weekly" in rarely


# ── days ────────────────────────────────────────────────────────────────────


class Kept(Rows):
    """Rows in a dict."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, int], Row] = {}

    def get(self, scope: int, feature: int) -> Row | None:
        """The row."""
        return self.rows.get((scope, feature))

    def put(self, scope: int, feature: int, row: Row) -> None:
        """Keep it."""
        self.rows[scope, feature] = row


def test_days_are_those_of_each_principal() -> None:
    """Two people on the same three days, many hours of each: six days of the group."""
    rows, group = Kept(), 9
    for hour in range(1_000 * 24, 1_003 * 24, 3):
        for person in (1, 2):
            apply(rows, Touch((person, group), 7, 5, hour), HALF)
    assert [rows.rows[scope, 5].days for scope in (1, 2, group)] == [3, 3, 6]


def test_late_hours_of_a_known_day_make_no_day() -> None:
    """Whatever the order; a day taken back is gone."""
    row = Row()
    for hour, fresh in ((2_410, True), (2_405, False), (2_380, True), (2_399, False)):
        assert is_new_day(row, hour) is fresh
        touched(row, hour, HALF)
    row.days = 2
    assert taken_back(row, 2_405, HALF)
    assert row.days == 2
    assert taken_back(row, 2_410, HALF)
    assert row.days == 1
