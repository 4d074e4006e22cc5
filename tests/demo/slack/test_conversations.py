"""A conversation finds its messages by time, whatever is added and taken away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.slack.conversations import Conversation, micros


def made(stamps: list[str]) -> Conversation:
    """A channel with a message at each of *stamps*."""
    channel = Conversation(id="C1", name="c", kind="channel", created=0, members=[])
    for ts in stamps:
        channel.add({"ts": ts, "user": "U1"})
    return channel


@pytest.mark.parametrize(
    ("ts", "expected"),
    [("1.000001", 1_000_001), ("1", 1_000_000), ("1.5", 1_500_000), ("0", 0), (".1", 100_000)],
)
def test_a_timestamp_is_read_exactly(ts: str, expected: int) -> None:
    """Six digits after the point are kept; a float would lose the last."""
    assert micros(ts) == expected


def test_what_is_no_timestamp_is_refused() -> None:
    """Letters raise ValueError."""
    with pytest.raises(ValueError, match="invalid literal"):
        micros("then")


@given(
    places=st.sets(st.integers(1, 60), min_size=1),
    oldest=st.integers(0, 61),
    latest=st.integers(0, 61),
    inclusive=st.booleans(),
)
def test_newest_agrees_with_looking_at_each(
    places: set[int], oldest: int, latest: int, inclusive: bool
) -> None:
    """Reading by bisection gives what comparing every message would."""
    stamps = [f"{place}.000000" for place in sorted(places)]
    found = made(stamps).newest(
        oldest=str(oldest), latest=str(latest), inclusive=inclusive, below=None
    )

    def within(place: int) -> bool:
        if inclusive:
            return oldest <= place <= latest
        return oldest < place < latest

    expected = [ts for ts in reversed(stamps) if within(int(ts.split(".")[0]))]
    assert [message["ts"] for message in found] == expected


def test_a_reply_counts_at_its_message_and_stays_out_of_the_channel() -> None:
    """The parent shows the count; the reply is in the thread only, until it is removed."""
    channel = made(["1.000000"])

    changed = channel.add({"ts": "2.000000", "thread_ts": "1.000000", "user": "U2"})

    head = channel.get("1.000000")
    assert head is not None
    assert (changed, head["reply_count"]) == (["2.000000", "1.000000"], 1)
    assert [one["ts"] for one in channel.top()] == ["1.000000"]
    channel.remove("2.000000")
    assert channel.replies("1.000000") == []


def test_a_broadcast_reply_is_in_both() -> None:
    """thread_broadcast shows a reply in the channel too."""
    channel = made(["1.000000"])
    reply = {"ts": "2.000000", "thread_ts": "1.000000", "user": "U2"}

    channel.add(reply | {"subtype": "thread_broadcast"})

    assert len(channel.top()) == 2
    assert len(channel.replies("1.000000")) == 1
