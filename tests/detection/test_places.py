"""Records are cut out of a file's text where they stand, whatever they hold."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detection.places import Places
from bot.detection.record import Entry, Limits, Run, gather
from tests.detection.made import Text, record

ANY = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-9, 9),
        st.text(max_size=8),
        st.sampled_from(['},{"eventVersion":"1.11"', '"]}', "\\", '{"eventVersion":', "é\u2028"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["eventVersion", "Records", "a", "eventID", "é"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)
CLOSE = (",", ":")


def cut(body: bytes) -> list[object]:
    """The records of *body*, each decoded from its own text."""
    found: list[object] = []
    for one in gather(Text(body), Limits()):
        assert isinstance(one, Run | Entry)
        entries = [one.entry(n) for n in range(len(one.cores))] if isinstance(one, Run) else [one]
        found += [json.loads(bytes(entry.raw)) for entry in entries]
    return found


def at_once(body: bytes) -> Sequence[bytes] | None:
    """The texts of *body* where it was read in one go, else None."""
    (run, *_) = gather(Text(body), Limits())
    return run.raws if isinstance(run, Run) and isinstance(run.raws, Places) else None


@settings(deadline=None, max_examples=200)
@given(st.lists(ANY, min_size=1, max_size=6), st.booleans())
def test_each_record_is_its_own_text(values: list[object], escaped: bool) -> None:
    """Also where values look like a record's end and the next one's start."""
    made = [record(eventID=f"e-{n}", requestParameters=v) for n, v in enumerate(values)]
    body = json.dumps({"Records": made}, separators=CLOSE, ensure_ascii=escaped).encode()

    assert at_once(body) is not None
    assert cut(body) == made


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Records": [record(), record("B")]}),
        json.dumps({"Records": [record(), record("B")]}, indent=1),
        json.dumps({"Records": [record(), record("B")]}, separators=CLOSE).replace("},{", "} ,\n{"),
        json.dumps({"Records": [record(), record("B")], "more": [{}]}, separators=CLOSE),
        json.dumps({"Records": [record(), dict(sorted(record("B").items()))]}, separators=CLOSE),
        json.dumps({"Records": [record(), record("B")]}, separators=CLOSE) + "\n ",
        json.dumps({"Records": [record(), record("B")]}, separators=CLOSE)[:-2]
        + ',{"eventVersion":"1",' + json.dumps(record("C"))[1:] + "]}",
    ],
    ids=["spaces", "lines", "between", "more", "another order", "after", "twice"],
)  # fmt: skip
def test_a_file_written_otherwise_is_read_all_the_same(body: str) -> None:
    """With spaces, with keys in another order, with more behind its records."""
    assert cut(body.encode()) == json.loads(body)["Records"]


def test_many_records_are_counted_from_the_first() -> None:
    """A slice, the last, the whole."""
    made = [record(eventID=f"e-{n}") for n in range(150)]
    texts = at_once(json.dumps({"Records": made}, separators=CLOSE).encode())

    assert texts is not None
    assert len(texts) == 150
    assert [msgspec.json.decode(text)["eventID"] for text in texts[148:]] == ["e-148", "e-149"]
    assert [msgspec.json.decode(text) for text in texts] == made


def test_a_file_with_a_long_record_is_read_with_care() -> None:
    """Nothing tells how long each is before it is cut out."""
    made = [record(), record("B", requestParameters={"a": "x" * 9_000})]
    body = json.dumps({"Records": made}, separators=CLOSE).encode()
    (whole,) = gather(Text(body), Limits(record_bytes=20_000))
    first, long = gather(Text(body), Limits(record_bytes=5_000))

    assert isinstance(whole, Run)
    assert isinstance(first, Entry)
    assert "over the limit" in getattr(long, "reason", "")
