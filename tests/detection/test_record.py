"""Reading: every shape in, a broken record never stops the rest, what is unreadable is named."""

from __future__ import annotations

import gzip
import json

import pytest

from bot.detection.record import Limits, to_record
from tests.detection.made import body, entry, names, read_all, record, seen, zipped

ONE, TWO = record("StopLogging"), record("DeleteTrail")
BOTH = ["StopLogging", "DeleteTrail"]


def lookup(made: dict[str, object]) -> dict[str, object]:
    """A record as LookupEvents gives it."""
    return {"EventName": made["eventName"], "CloudTrailEvent": json.dumps(made)}


def bridged(made: dict[str, object]) -> dict[str, object]:
    """A record as EventBridge delivers it."""
    kind = "AWS API Call via CloudTrail"
    return {"version": "0", "detail-type": kind, "source": "aws.connect", "detail": made}


def lines(*items: object) -> bytes:
    """The items as JSON lines."""
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


SHAPES = {
    "a file of CloudTrail": body(ONE, TWO),
    "an indented file": json.dumps({"Records": [ONE, TWO]}, indent=2).encode(),
    "JSON lines": lines(ONE, TWO),
    "JSON lines with blank lines": b"\n" + lines(ONE) + b"\r\n\n" + lines(TWO),
    "an array": json.dumps([ONE, TWO]).encode(),
    "records glued together": json.dumps(ONE).encode() + json.dumps(TWO).encode(),
    "files glued together": body(ONE) + body(TWO),
    "LookupEvents": json.dumps({"Events": [lookup(ONE), lookup(TWO)]}).encode(),
    "lines of LookupEvents": lines(lookup(ONE), lookup(TWO)),
    "lines of EventBridge": lines(bridged(ONE), bridged(TWO)),
    "SNS around a file": lines({"Type": "Notification", "Message": body(ONE, TWO).decode()}),
    "SNS around EventBridge": lines(*({"Message": json.dumps(bridged(x))} for x in (ONE, TWO))),
    "a CloudWatch Logs subscription": lines(
        {"logEvents": [{"id": "1", "message": json.dumps(x)} for x in (ONE, TWO)]}
    ),
    "test events": lines({"test_events": [{"event": ONE}, {"event": TWO}]}),
    "a shipper's message": lines({"input": {"message": lines(ONE, TWO).decode()}}),
    "a UTF-8 mark": b"\xef\xbb\xbf" + body(ONE, TWO),
    "UTF-16, as PowerShell writes": body(ONE, TWO).decode().encode("utf-16"),
    "gzip": zipped(body(ONE, TWO)),
    "gzip of lines in two members": zipped(lines(ONE)) + zipped(lines(TWO)),
    "gzip padded with zeros": zipped(body(ONE, TWO)) + bytes(512),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_is_read_whole(text: bytes) -> None:
    """Whatever wraps them, both records come out, in order, and nothing is unreadable."""
    entries, unreadable = read_all(text)

    assert ([one.core.name for one in entries], unreadable) == (BOTH, [])


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_wrapping_does_not_change_what_a_record_is(text: bytes) -> None:
    """The same record by another route has the same id, so that it is one finding."""
    entries, _ = read_all(text)

    assert [seen(ONE).id, seen(TWO).id] == [to_record(one).id for one in entries]


def test_one_record_is_a_file() -> None:
    """A file may hold a single record, and its place then needs no number."""
    entries, _ = read_all(json.dumps(ONE).encode())

    assert [one.where for one in entries] == ["file.json"]


def test_no_records_are_no_fault() -> None:
    """CloudTrail writes files with no records."""
    assert read_all(b'{\n  "Records": [\n  ]\n}\n') == ([], [])


def test_digests_are_passed_over() -> None:
    """A digest holds no records and is no fault; a file much like it is one."""
    digest = {"awsAccountId": "1", "digestStartTime": "", "digestS3Object": "x", "logFiles": []}

    assert read_all(json.dumps(digest).encode()) == ([], [])
    del digest["logFiles"]
    assert [one.reason for one in read_all(json.dumps(digest).encode())[1]] == [
        "it is no CloudTrail record"
    ]


@pytest.mark.parametrize("text", [b"", b" \n", b"\xef\xbb\xbf", zipped(b"")])
def test_an_empty_file_is_named(text: bytes) -> None:
    """Nothing at all is a broken download, not an empty list of records."""
    assert [one.reason for one in read_all(text)[1]] == ["it is empty"]


BROKEN = {
    "not an object": b"5",
    "null": b"null",
    "half a surrogate pair in a key": b'{"a": "\\ud800"}',
    "no record": b'{"hello": "world"}',
    "control characters": b'{"a": "\x01\x02"}',
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_record_stops_nothing(broken: bytes) -> None:
    """The records before and after it are read; it is named by its place."""
    text = b'{"Records":[%s,%s,%s]}' % (json.dumps(ONE).encode(), broken, json.dumps(TWO).encode())
    entries, unreadable = read_all(text)

    assert [one.core.name for one in entries] == BOTH
    assert [one.where for one in unreadable] == ["file.json#2"]


def test_deep_nesting_harms_only_its_own_record() -> None:
    """A record nested thousands deep is one unreadable; its neighbours are read."""
    deep = b'{"eventVersion":"1","x":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001
    text = b'{"Records":[%s,%s,%s]}' % (json.dumps(ONE).encode(), deep, json.dumps(TWO).encode())
    entries, unreadable = read_all(text)

    assert [one.core.name for one in entries] == BOTH
    assert [one.reason for one in unreadable] == ["it is nested too deeply"]


def test_a_broken_line_stops_nothing() -> None:
    """A line that is cut off is named by its number; the lines around it are read."""
    cut = json.dumps(record("Cut")).encode()[:150]
    entries, unreadable = read_all(lines(ONE) + cut + b"\n" + lines(TWO))

    assert [one.core.name for one in entries] == BOTH
    assert [(one.where, one.reason) for one in unreadable] == [("file.json#2", "it is cut off")]


def test_a_file_cut_off_at_its_end_gives_what_came_before() -> None:
    """Whole records before the cut are read, and the cut is named."""
    whole = body(ONE, TWO, record("Last"))
    entries, unreadable = read_all(whole[:-200])

    assert [one.core.name for one in entries] == BOTH
    assert [(one.where, one.reason) for one in unreadable] == [("file.json#3", "it is cut off")]


def test_a_file_cut_off_at_its_start_gives_what_comes_after() -> None:
    """Whole records after the cut are read, and the loss is named."""
    whole = body(record("First"), ONE, TWO)
    entries, unreadable = read_all(whole[100:])

    assert [one.core.name for one in entries] == BOTH
    assert [one.where for one in unreadable] == ["file.json#1"]


def test_a_file_cut_off_between_records_is_named() -> None:
    """Where the cut falls between two records only the brackets tell; at no place is it silent."""
    whole = body(ONE, TWO)
    cut = whole.index(b'{"eventVersion', 20)

    for end in (cut, cut - 1, cut - 2, 12, 5, 1, len(whole) - 1):
        assert [one.reason for one in read_all(whole[:end])[1]] == ["it is cut off"]
    assert "it is cut off" in {one.reason for one in read_all(whole[cut:])[1]}


def test_truncated_gzip_gives_what_came_before() -> None:
    """A gzip file that ends early gives its whole records, and is named with its length."""
    many = [record(f"Event{number}", note=str(number**5)) for number in range(2_000)]
    whole = zipped(body(*many))
    cut = whole[: len(whole) // 2]
    entries, unreadable = read_all(cut)

    assert [made["eventName"] for made in many[: len(entries)]] == [e.core.name for e in entries]
    assert len(entries) > 500
    assert f"the gzip data is cut off after {len(cut):,} bytes" in {x.reason for x in unreadable}


def test_damaged_gzip_is_named() -> None:
    """A flipped byte is found by gzip's own check."""
    whole = bytearray(zipped(body(ONE)))
    whole[-6] ^= 0xFF
    _, unreadable = read_all(bytes(whole))

    assert any(one.reason.startswith("the gzip data is damaged") for one in unreadable)


def test_something_after_gzip_is_named() -> None:
    """What follows the gzip data is not silently dropped; the records are read all the same."""
    entries, unreadable = read_all(zipped(body(ONE, TWO)) + b"extra")

    assert [one.core.name for one in entries] == BOTH
    assert [x.reason for x in unreadable] == ["something that is not gzip follows the gzip data"]


def test_a_gzip_bomb_is_stopped() -> None:
    """Unpacking ends at the limit, also where many small members add up to it."""
    limits = Limits(object_bytes=1_000_000)
    bomb = zipped(bytes(50_000_000))
    pieces = zipped(b" " * 60_000) * 20

    for text in (bomb, pieces):
        assert [one.reason for one in read_all(text, limits)[1]] == [
            "it unpacks to more than the limit of 1,000,000 bytes"
        ]


@pytest.mark.parametrize("piece", [b"{},", b"0,", b'"",'])
def test_a_bomb_of_tiny_pieces_is_stopped(piece: bytes) -> None:
    """Each piece costs far more memory than its text, so they are not even taken apart."""
    text = b'{"Records":[' + piece * 3_000_000 + b"{}]}"

    (bomb,) = read_all(text)[1]
    assert (bomb.where, bomb.reason) == (
        "file.json",
        "it is made of far smaller pieces than records are",
    )


def test_a_large_file_of_records_is_no_bomb() -> None:
    """What CloudTrail writes has far fewer commas, however much of it there is."""
    text = body(*[record()] * 60_000)

    assert text.count(b",") > 1_000_000
    assert len(names(text)) == 60_000


def test_rubbish_is_given_up_in_the_end() -> None:
    """So many pieces are named, and that there are more; one piece less and all is read."""
    text = b"{}\n" * 5 + json.dumps(ONE).encode()

    assert names(text, Limits(unreadable=6)) == ["StopLogging"]
    entries, unreadable = read_all(text, Limits(unreadable=5))
    assert (entries, len(unreadable)) == ([], 6)
    assert unreadable[-1].reason == "5 pieces of it could not be read: the rest was given up"


def test_thousands_of_gzip_members_are_read() -> None:
    """Firehose writes a member for each few records."""
    text = b"".join(zipped(lines(record(f"E{number}"))) for number in range(3_000))

    assert len(names(text)) == 3_000


def test_more_members_than_any_log_has_are_read_while_they_hold_records() -> None:
    """One record a member, however many there are."""
    text = b"".join(zipped(lines(record(f"E{number % 100}"))) for number in range(100)) * 150

    entries, unreadable = read_all(text)
    assert (len(entries), unreadable) == (15_000, [])


def test_empty_members_between_records_are_passed_over() -> None:
    """Some writers end each piece with an empty member."""
    text = (zipped(lines(ONE)) + zipped(b"")) * 3_000

    assert len(names(text)) == 3_000


@pytest.mark.parametrize("tiny", [b"", b" "])
def test_a_bomb_of_tiny_gzip_members_is_stopped(tiny: bytes) -> None:
    """Each costs time for its twenty bytes; what stood before them is read, and they are named."""
    entries, unreadable = read_all(zipped(lines(ONE)) + zipped(tiny) * 100_000)

    assert [one.core.name for one in entries] == ["StopLogging"]
    assert [one.reason for one in unreadable] == [
        "it is made of far smaller gzip members than logs are: the rest was given up"
    ]


def test_a_record_over_the_limit_is_named() -> None:
    """One byte over is unreadable, by place and size; at the limit it is read."""
    large = json.dumps(record("Large", note="x" * 5_000)).encode()
    text = b'{"Records":[%s,%s]}' % (json.dumps(ONE).encode(), large)

    at, over = Limits(record_bytes=len(large)), Limits(record_bytes=len(large) - 1)
    assert names(text, at) == ["StopLogging", "Large"]
    entries, unreadable = read_all(text, over)
    assert [one.core.name for one in entries] == ["StopLogging"]
    assert [one.where for one in unreadable] == ["file.json#2"]


def test_an_envelope_may_be_larger_than_a_record() -> None:
    """The limit is for records: a large answer of LookupEvents is read."""
    many = [lookup(record(f"E{number}")) for number in range(50)]
    text = json.dumps({"Events": many}).encode()

    assert len(names(text, Limits(record_bytes=5_000))) == 50


def test_endless_wrapping_ends() -> None:
    """Envelopes in envelopes are opened only so far, and then named."""
    text = json.dumps(ONE)
    for _ in range(4):
        text = json.dumps({"Message": text})
    assert names(text.encode()) == ["StopLogging"]
    for _ in range(4):
        text = json.dumps({"Message": text})
    assert [x.reason for x in read_all(text.encode())[1]] == ["it is wrapped too deeply"]


def test_a_number_for_a_time_is_kept_as_no_time() -> None:
    """Wrong types do not lose a record: the field counts as missing."""
    found = entry(record("StopLogging", eventTime=5, awsRegion=["x"], userAgent={}))

    assert (found.core.name, found.core.time) == ("StopLogging", "")
    made = to_record(found)
    assert (made.time, made.region, made.user_agent) == ("", "", "")


def test_lower_case_keys_are_understood() -> None:
    """Athena writes keys in lower case and objects as strings."""
    made = seen(
        {
            "eventname": "DeleteInstance",
            "eventsource": "connect.amazonaws.com",
            "eventid": "e-1",
            "eventtime": "2026-11-22 10:00:00",
            "useridentity": {"type": "IAMUser", "username": "mallory", "accountid": "111122223333"},
            "requestparameters": '{"UserId": "u-1"}',
            "responseelements": "null",
        }
    )

    assert (made.name, made.id, made.target) == ("DeleteInstance", "e-1", "u-1")
    assert (made.actor.name, made.account) == ("mallory", "111122223333")


def test_a_key_in_lower_case_does_not_contradict_the_first_look() -> None:
    """Beside CloudTrail's own keys a second spelling is no field: both looks see the same."""
    made = record(eventname="Other", useragent="other")
    del made["userAgent"]

    assert (entry(made).odd, entry(made).core.agent) == (False, None)
    assert (seen(made).name, seen(made).user_agent) == ("DeleteInstance", "")


def test_one_odd_record_among_many_is_the_only_one_looked_at_with_care() -> None:
    """The others keep their place and their number."""
    many = [record(f"E{number}") for number in range(1_200)]
    many[700] = {"eventName": "Odd"}
    entries, unreadable = read_all(body(*many))

    assert ([one.where for one in entries if one.odd], unreadable) == (["file.json#701"], [])
    assert [one.core.name for one in entries[:2]] == ["E0", "E1"]
    assert [one.place for one in entries] == [str(number) for number in range(1, 1_201)]


def test_an_insight_is_a_record() -> None:
    """Start and end of an Insight share one sharedEventID and must stay two."""
    insight: dict[str, object] = {
        "eventID": "start",
        "eventType": "AwsCloudTrailInsight",
        "sharedEventID": "shared",
        "insightDetails": {"state": "Start", "eventName": "X"},
    }

    assert seen(insight).key == "start"
    assert seen({**insight, "eventType": "AwsApiCall"}).key == "shared"


def test_without_an_event_id_the_bytes_are_the_id() -> None:
    """Two deliveries of the same bytes are one record; other bytes are another."""
    made = record()
    del made["eventID"]
    first = seen(made)

    assert first.id.startswith("sha256:")
    assert first.id == seen(made).id
    assert first.id != seen({**made, "eventTime": "2026-11-22T10:03:12Z"}).id


def test_raw_bytes_are_those_that_came() -> None:
    """The evidence is what AWS wrote, byte by byte, also out of an envelope."""
    raw = b'{"eventName" :"X","eventSource":"y","eventID":"z" , "n": 1.50}'

    for text in (
        raw,
        b'{"Records":[' + raw + b"]}",
        b'{"detail":' + raw + b"}",
        gzip.compress(raw),
    ):
        (found,), _ = read_all(text)
        assert raw == to_record(found).raw


def test_bad_unicode_does_not_hide_a_record() -> None:
    """Half a surrogate pair or a bad byte in one field leaves the others readable."""
    clean = json.dumps(record("StopLogging")).encode()
    for agent in (b'"\\ud800"', b'"\xff\xfe"', b'"\x01"'):
        (found,), _ = read_all(clean.replace(b'"aws-cli/2.31.4"', agent))
        made = to_record(found)
        assert (made.name, made.actor.name) == ("StopLogging", "mallory")
        made.user_agent.encode()
