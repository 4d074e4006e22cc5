"""Comparing: Sigma's wildcards and its other ways, against slow and plain definitions."""

from __future__ import annotations

import time
from ipaddress import ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detection import match
from bot.detection.match import ANY, ONE, Wild, glob

LETTERS = st.sampled_from("aAbBß.*?\\\n")
PARTS = st.lists(st.one_of(st.sampled_from([Wild(ANY), Wild(ONE)]), st.text(LETTERS, max_size=3)))


def slow(parts: list[str], value: str) -> bool:
    """Wildcards as one would define them on paper."""
    if not parts:
        return not value
    first, rest = parts[0], parts[1:]
    if isinstance(first, Wild) and first == ANY:
        return any(slow(rest, value[cut:]) for cut in range(len(value) + 1))
    if isinstance(first, Wild):
        return bool(value) and slow(rest, value[1:])
    return value.startswith(first) and slow(rest, value[len(first) :])


@settings(deadline=None)
@given(PARTS, st.text(LETTERS, max_size=8))
def test_wildcards_mean_what_they_should(parts: list[str], value: str) -> None:
    """The fast way and the slow way agree, with case counting and without."""
    lowered = [part if isinstance(part, Wild) else part.lower() for part in parts]

    assert slow(parts, value) == glob(parts, cased=True)(value)
    assert slow(lowered, value.lower()) == glob(parts)(value)


def test_many_stars_stay_fast() -> None:
    """A pattern full of stars cannot make a long field slow, as a regular expression would."""
    parts = [part for _ in range(30) for part in (Wild(ANY), "a")] + ["b"]
    begun = time.perf_counter()

    assert not glob(parts)("a" * 1_000_000)
    assert time.perf_counter() - begun < 2


def test_lists_are_any_of_their_elements() -> None:
    """A path leads through lists, and null is nothing."""
    document: dict[str, object] = {"a": [{"b": ["x", None, ["y"]]}, {"b": "z"}, {"c": 1}, 5]}

    assert match.values(document, ("a", "b")) == ["x", "y", "z"]
    assert match.values(document, ("a", "d")) == []
    assert match.values({"a": None}, ("a",)) == []


def test_a_parameters_first_letter_is_of_either_case() -> None:
    """Connect writes both; CloudTrail's own names are what they are."""
    camel = {"functionArn": ["x"], "Deep": {"lower": 1}}
    document: dict[str, object] = {"requestParameters": camel, "userIdentity": {"Type": "Root"}}

    for path, expected in [
        (("requestParameters", "FunctionArn"), ["x"]),
        (("requestParameters", "deep", "Lower"), [1]),
        (("requestParameters", "FUNCTIONARN"), []),
        (("userIdentity", "type"), []),
    ]:
        assert match.values(document, path) == expected
        assert list(match.reader(path)(document)) == expected
    both: dict[str, object] = {"requestParameters": {"Name": "a", "name": "b"}}
    assert match.values(both, ("requestParameters", "name")) == ["b"]


def test_booleans_match_their_words() -> None:
    """CloudTrail writes "false" as often as false; 0 is neither."""
    test = match.boolean(False)

    assert [test([value]) for value in (False, "false", "False")] == [True, True, True]
    assert [test([value]) for value in (True, 0, "no")] == [False, False, False]


def test_numbers_match_their_words() -> None:
    """A number in a string is that number; true is not 1."""
    test = match.numeric(1)

    assert [test([value]) for value in (1, 1.0, "1")] == [True, True, True]
    assert [test([value]) for value in (True, "one", 2)] == [False, False, False]


def test_comparisons_need_numbers() -> None:
    """Less and more hold for numbers, also written ones, and for nothing else."""
    assert match.compared("GTE", 5)(["x", "5"])
    assert not match.compared("GT", 5)([5, True, None, "x"])
    assert match.compared("LT", 5)([4.5])
    assert match.compared("LTE", 5)(["5.0"])


def test_networks_hold_addresses_only() -> None:
    """A service's name in place of an address is in no network."""
    test = match.within(ip_network("192.0.2.0/24"))

    assert test(["connect.amazonaws.com", "192.0.2.7"])
    assert not test(["connect.amazonaws.com", "192.0.3.7", "::1", 5])
    assert match.within(ip_network("2001:db8::/32"))(["2001:DB8::1"])


def test_objects_are_matched_as_their_text() -> None:
    """Published rules search whole objects as if they were strings."""
    star = Wild(ANY)

    assert match.fits(glob([star, "includemanagement", star]))([{"includeManagementEvents": 1}])
