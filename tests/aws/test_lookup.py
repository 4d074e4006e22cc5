"""The event history as a source, through real boto3, against a server that keeps to AWS's model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.aws.clients import Aws
from bot.aws.lookup import LookupSource, lookup_source
from bot.aws.paging import Pace
from bot.aws.stretch import LookupDelivery, _kept
from bot.demo.aws.history import EventHistory
from bot.demo.aws.modelled import Modelled
from bot.detection.engine import Engine
from bot.detection.record import Limits, read, to_record
from bot.detection.sigma import load
from bot.errors import Refused, Unavailable
from bot.ingest import Ingest
from bot.model import AlertState, Record, Unreadable, iso
from bot.ports import Blob
from bot.store import SqliteStore
from tests.builders import Bell, make_triage

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLACE = "lookup-events eu-central-1"


class Hours:
    """A clock and a timer that run together; waiting is what lets them run."""

    def __init__(self) -> None:
        self.at = NOW
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.at

    def timer(self) -> float:
        return self.seconds

    def rest(self, seconds: float) -> None:
        self.seconds += seconds
        self.at += timedelta(seconds=seconds)


class Scene:
    """A history, its server, a store, and a source over them that is read to the end."""

    def __init__(self, tmp_path: Path, aws: Aws, history: EventHistory, hours: Hours) -> None:
        self.aws = aws
        self.history = history
        self.hours = hours
        self.store = SqliteStore(tmp_path / "callwarden.db")
        self.source = self.open()

    def open(self, **changes: Any) -> LookupSource:
        options: dict[str, Any] = {
            "client": self.aws.cloudtrail("eu-central-1"),
            "cursors": self.store,
            "clock": self.hours,
            "name": "history",
            "place": PLACE,
            "since": timedelta(hours=2),
            "timer": self.hours.timer,
            "rest": self.hours.rest,
        }
        return LookupSource(**options | changes)

    def write(self, name: str, ago: float, late: float = 0.0) -> None:
        """A call *name*, *ago* seconds before now, shown *late* seconds after it was made."""
        at = self.hours.at - timedelta(seconds=ago)
        self.history.write(record(name, at), late=timedelta(seconds=late))

    def pause(self, **span: float) -> None:
        """Nothing is asked for so long."""
        self.hours.rest(timedelta(**span).total_seconds())

    def poll(self) -> list[str]:
        """The names of all calls that one window brings, in order; each delivery is stored."""
        names: list[str] = []
        for delivery in self.deliveries():
            names += [one.name for one in records(delivery)]
            delivery.done()
        return names

    def deliveries(self) -> Iterator[LookupDelivery]:
        """What one window brings."""
        self.hours.rest(20)  # so that a window is due
        while True:
            yield from self.source.receive(3.0)
            if self.source._slices is None:
                return

    @property
    def cursor(self) -> str:
        known = self.store.cursor(PLACE)
        return known.at if known else ""


def record(name: str, at: datetime, **more: object) -> dict[str, Any]:
    """As CloudTrail writes one."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": "arn:aws:iam::111122223333:user/alex",
            "accessKeyId": "AKIAEXAMPLE",
            "userName": "alex",
        },
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "connect.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "eventID": f"{name}-{at:%H%M%S}",
        "recipientAccountId": "111122223333",
        "managementEvent": True,
        **more,
    }


def records(delivery: LookupDelivery) -> list[Record]:
    """What the bot reads out of a delivery."""
    found = []
    for part in delivery.parts():
        assert isinstance(part, Blob), part
        for entry in read(part, Limits()):
            assert not isinstance(entry, Unreadable), entry
            found.append(to_record(entry))
    return found


def until_it_raises(scene: Scene) -> None:
    """Ask on, as the bot does."""
    for _ in range(20):
        scene.poll()


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def history(hours: Hours) -> EventHistory:
    return EventHistory(hours.now, hours.timer)


@pytest.fixture
def server(history: EventHistory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Modelled]:
    with history.server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        yield server
        assert server.faults == []


@pytest.fixture
def scene(tmp_path: Path, server: Modelled, history: EventHistory, hours: Hours) -> Iterator[Scene]:
    aws = Aws()
    scene = Scene(tmp_path, aws, history, hours)
    yield scene
    scene.store.close()
    aws.close()


def codes(server: Modelled) -> list[str]:
    return [code for _, _, code in server.seen if code]


def test_events_come_oldest_first_and_once(scene: Scene) -> None:
    """The history is newest first; the next window, which overlaps, brings only what is new."""
    scene.write("First", ago=600)
    scene.write("Second", ago=300)
    assert scene.poll() == ["First", "Second"]

    scene.write("Third", ago=5)
    assert scene.poll() == ["Third"]
    assert scene.poll() == []


def test_it_begins_some_hours_ago_and_no_earlier(scene: Scene) -> None:
    """The first start reads `since_hours`; a trail's past is not repeated whole."""
    scene.write("Long ago", ago=3 * 3600)
    scene.write("Lately", ago=3600)
    assert scene.poll() == ["Lately"]


def test_what_is_shown_late_is_not_missed(scene: Scene) -> None:
    """Shown 14 minutes after it was made, between two that were seen at once."""
    scene.write("Early", ago=30)
    scene.write("Slow", ago=20, late=14 * 60)
    scene.write("Next", ago=10)
    assert scene.poll() == ["Early", "Next"]
    scene.pause(minutes=10)
    assert scene.poll() == []
    scene.pause(minutes=4)
    assert scene.poll() == ["Slow"]


def test_it_pages_and_keeps_aws_pace(scene: Scene, server: Modelled) -> None:
    """230 events are five pages, two requests a second, none of them throttled."""
    for number in range(230):
        scene.write(f"Call{number}", ago=7000 - number * 20)
    begun = scene.hours.seconds + 20
    names = scene.poll()
    assert names == [f"Call{number}" for number in range(230)]
    pages = [asked for _, asked, _ in server.seen]
    assert all(asked["MaxResults"] == 50 for asked in pages)
    assert sum("NextToken" in asked for asked in pages) >= 3
    assert scene.hours.seconds - begun >= (len(pages) - 1) * 0.5
    assert codes(server) == []


def test_a_long_reading_gives_way_in_time(scene: Scene) -> None:
    """`receive` returns after its seconds and goes on later: a stop is not held up."""
    scene.source = scene.open(since=timedelta(minutes=50))
    for number in range(600):
        scene.write(f"Call{number}", ago=2000 - number)
    turns = 0
    found: list[str] = []
    while not found:
        begun = scene.hours.seconds
        for delivery in scene.source.receive(3.0):
            found += [one.name for one in records(delivery)]
        assert scene.hours.seconds - begun <= 3.0
        turns += 1
    assert turns > 1
    assert len(found) == 600


def test_the_cursor_moves_only_when_all_is_stored(scene: Scene) -> None:
    """A delivery that failed comes again; only then the source has read so far."""
    scene.write("Once", ago=60)
    delivery = next(scene.deliveries())
    before = scene.cursor
    delivery.failed("the disk is full")
    assert scene.cursor == before

    [again] = scene.source.receive(3.0)
    assert again.where == delivery.where
    assert [one.name for one in records(again)] == ["Once"]
    again.done()
    assert scene.cursor > before


def test_a_new_process_goes_on_where_the_old_one_was(scene: Scene) -> None:
    """What was stored in the overlap comes again (the store knows it), and nothing is left out."""
    scene.write("Before", ago=3600)
    scene.poll()
    scene.write("While away", ago=-1800)
    scene.pause(hours=5)
    scene.source = scene.open()
    assert scene.poll() == ["While away"]


def test_much_at_once_is_cut_into_slices(scene: Scene) -> None:
    """So many pages are held at most, and each event comes once, whatever the rate of a stretch."""
    scene.source = scene.open(pages_most=4)
    for number in range(500):
        scene.write(f"Call{number}", ago=1300 - number * (2 if number < 400 else 0.5))
    sizes, names = [], []
    for delivery in scene.deliveries():
        found = records(delivery)
        sizes.append(len(found))
        names += [one.name for one in found]
        delivery.done()
    assert max(sizes) <= 4 * 50
    assert len(sizes) > 2
    assert len(names) == 500
    assert set(names) == {f"Call{number}" for number in range(500)}


def test_a_throttled_request_is_made_again_later(scene: Scene, server: Modelled) -> None:
    """Somebody else uses the same two requests a second: what was read is kept."""
    scene.write("Seen", ago=60)
    scene.history.elsewhere = 3
    assert scene.poll() == ["Seen"]
    assert "ThrottlingException" in codes(server)


def test_throttling_that_does_not_end_is_said(scene: Scene) -> None:
    """Then the source is in trouble, and well again when AWS answers."""
    scene.write("Seen", ago=60)
    scene.history.refused = "ThrottlingException"
    with pytest.raises(Unavailable, match=r"slow down \(ThrottlingException\)"):
        until_it_raises(scene)
    scene.history.refused = ""
    assert scene.poll() == ["Seen"]


def test_a_page_that_is_gone_begins_the_slice_again(scene: Scene, server: Modelled) -> None:
    """A NextToken that expired costs the pages that were read, and no record."""
    for number in range(120):
        scene.write(f"Call{number}", ago=1000 - number)
    scene.history.pages_expire = 0.2
    scene.hours.rest(20)
    while "InvalidNextTokenException" not in codes(server):
        assert scene.source.receive(1.0) == ()
    scene.history.pages_expire = 3600
    assert scene.poll() == [f"Call{number}" for number in range(120)]


def test_a_missing_permission_is_named(scene: Scene) -> None:
    """And the source goes on by itself when it is given."""
    scene.write("Seen", ago=60)
    scene.history.refused = "AccessDeniedException"
    with pytest.raises(Refused, match=r"refused cloudtrail:LookupEvents .* that action"):
        scene.poll()
    scene.history.refused = ""
    assert scene.poll() == ["Seen"]


def test_a_range_that_aws_does_not_take_points_at_the_clock(scene: Scene) -> None:
    """Our clock is years behind AWS's."""
    scene.hours.at -= timedelta(days=900)
    scene.history._clock = lambda: NOW
    with pytest.raises(Refused, match="check this machine's clock"):
        scene.poll()


def test_a_clock_that_was_set_back_reads_again(scene: Scene) -> None:
    """The cursor would lie in the future, and everything until then would be missed."""
    scene.hours.at += timedelta(days=2)
    scene.poll()
    scene.hours.at -= timedelta(days=2)
    scene.write("Seen", ago=60)
    assert scene.poll() == ["Seen"]
    assert scene.cursor <= iso(scene.hours.at)


def test_what_the_history_no_longer_shows_is_told(scene: Scene) -> None:
    """Away for 100 days: ten are lost, which is said and kept, and the rest is read."""
    scene.poll()
    scene.pause(days=100)
    scene.write("Seen", ago=60)
    scene.source = scene.open()
    parts = []
    for delivery in scene.deliveries():
        parts += list(delivery.parts())
        delivery.done()
    lost = [part for part in parts if isinstance(part, Unreadable)]
    assert [part.reason for part in lost] == [
        "the event history shows 90 days, and was not read for longer"
    ]
    assert [part for part in parts if isinstance(part, Blob)]


def test_an_event_without_a_record_is_not_passed_over(scene: Scene) -> None:
    """It is kept as unreadable by whoever reads the blob."""
    blob = Blob(where="x", body=json.dumps({"Events": [_kept({"EventId": "1"})]}).encode())
    [entry] = read(blob, Limits())
    assert isinstance(entry, Unreadable)


def test_how_far_behind_it_is_can_be_asked(scene: Scene) -> None:
    """Nothing while the past of the first start is read; the age of the cursor thereafter."""
    assert scene.source.measure().behind is None
    scene.poll()
    assert scene.source.measure().behind == pytest.approx(0, abs=5)
    scene.pause(minutes=40)
    backlog = scene.source.measure()
    assert backlog.behind == pytest.approx(2400, abs=5)
    assert (backlog.waiting, backlog.dead, backlog.why) == (0, 0, "")


def test_a_region_that_is_too_busy_is_called_so(scene: Scene) -> None:
    """150 events a second cannot be had at two requests of 50; a short burst of them can."""
    scene.store.read_up_to(PLACE, iso(NOW), iso(NOW))
    scene.source._rate.note(4_500, timedelta(seconds=30))
    assert scene.source.measure().why == ""
    for _ in range(100):
        scene.source._rate.note(2_000, timedelta(seconds=13))
    assert "some 1" in scene.source.measure().why
    assert "cannot be followed this way. Use a trail" in scene.source.measure().why


def test_from_the_history_to_an_alert_once(scene: Scene) -> None:
    """Killed after the records were stored and before the cursor moved: nothing is told twice."""
    scene.write("AdminGetEmergencyAccessToken", ago=120)
    scene.write("ListUsers", ago=60)

    def intake() -> Ingest:
        engine = Engine(load())
        return Ingest(
            scene.source, engine, make_triage(), scene.store, Bell(), scene.hours, Limits()
        )

    killed = next(scene.deliveries())
    for part in killed.parts():
        intake()._take(part)  # and no `done`
    scene.source = scene.open()
    again = intake()
    for delivery in scene.deliveries():
        again.work(delivery)

    counts = scene.store.counts()
    assert (counts["records"], counts["records.again"], counts["findings"]) == (2, 2, 1)
    assert len(scene.store.alerts(list(AlertState))) == 1
    assert again.feed().accounts == ("111122223333",)
    assert scene.poll() == []


def test_what_it_cannot_do_is_said_at_every_start(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Once a process, in the log."""
    caplog.set_level("INFO")
    scene.poll()
    scene.poll()
    said = [one for one in caplog.messages if "more than 100 events a second cannot" in one]
    assert len(said) == 1


class Asked:
    called, region, role_arn, since_hours = "main", "eu-west-2", None, 3.0


def test_settings_make_a_source(scene: Scene, hours: Hours) -> None:
    """In the Region they name; two of one account and Region share one pace."""
    source = lookup_source(Asked(), scene.aws, scene.store, hours)
    assert source.name == "main"
    assert scene.aws.lookup_pace("eu-west-2") is scene.aws.lookup_pace("eu-west-2")
    role = "arn:aws:iam::111122223333:role/reader"
    assert scene.aws.lookup_pace("eu-west-2", role) is not scene.aws.lookup_pace("eu-west-2")
    assert scene.aws.lookup_pace("eu-west-1") is not scene.aws.lookup_pace("eu-west-2")


def test_a_pace_that_two_keep_is_one() -> None:
    """The second waits for the first; a pause holds both."""
    pace = Pace(0.5)
    assert pace.next_at(10.0) == 10.0
    pace.taken(10.0)
    assert pace.next_at(10.1) == 10.5
    pace.pause(10.1, 4.0)
    assert pace.next_at(10.2) == 14.1
