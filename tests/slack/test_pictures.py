"""Pictures in modals, in a workspace on loopback: they come later, or the words stand alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.charts import draw
from bot.demo.slack import Fault, Limits, SlackServer
from bot.errors import Refused, Unavailable
from bot.model import Around, Dot, Tie, Timeline, Track
from bot.ports import Opened
from bot.slack.client import SlackClient
from bot.slack.modals import DetailsModal
from bot.slack.pictures import READY_AFTER, REFUSED_FOR, SlackPictures
from bot.store import SqliteStore
from tests.builders import FakeClock, at, make_alert
from tests.handlers.stage import eventually
from tests.slack.desk import MANIFEST

TIMELINE = Timeline(
    middle=at(),
    minutes=30,
    tracks=(Track(tie=Tie.ACTOR, name="mallory", dots=(Dot(at=at(), times=2, own=True),)),),
)
AROUND = [Around(tie=Tie.ACTOR, minutes=30, times=2, refused=0)]


def details(file: str = "") -> dict[str, Any]:
    """The modal, with its picture where there is a file."""
    return DetailsModal.build(make_alert(), (), (), {}, may_raw=False, around=AROUND, picture=file)


class Easel:
    """Somebody has Details open, and the picture is asked for."""

    def __init__(self, slack: SlackServer, store: SqliteStore, clock: FakeClock) -> None:
        self.slack, self.store, self.clock = slack, store, clock
        self.client = SlackClient(slack.bot_token, slack.api_url, timeout=2)
        self.waits: list[float] = []
        self.drawn = 0
        self.pictures = SlackPictures(
            self.client, store, clock, self._draw, timer=clock.monotonic, pause=self._pause
        )

    def _draw(self, timeline: Timeline) -> bytes:
        self.drawn += 1
        return draw(timeline)

    def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)

    def open(self) -> Opened:
        """Press a button of a message, and get Details."""
        button = {
            "type": "button",
            "action_id": "alert_details",
            "text": {"type": "plain_text", "text": "Details"},
            "value": "A-7K2QF",
        }
        blocks = [{"type": "actions", "elements": [button]}]
        channel = self.slack.channels["contact-centre-alerts"]
        card = self.client.post(channel, {"text": "A card", "blocks": blocks}, "send-1")
        pressed = self.slack.press("analyst", channel, card.ts, "alert_details")
        return self.client.open(pressed.payload["trigger_id"], details())

    def show(self, opened: Opened) -> None:
        """Ask for the picture, and wait until it is shown or given up."""
        self.pictures.show(opened, lambda: TIMELINE, details)
        assert eventually(lambda: not self.pictures.busy, 10)

    def image(self) -> dict[str, Any] | None:
        """The image block that the analyst sees."""
        view = self.slack.view_of("analyst")
        blocks = view["blocks"] if view else ()
        return next((block for block in blocks if block["type"] == "image"), None)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A workspace that has every file ready at once."""
    limits = Limits(enforced=False, file_seconds=0)
    with SlackServer(manifest=MANIFEST, limits=limits) as server:
        yield server


@pytest.fixture
def easel(slack: SlackServer, store: SqliteStore, clock: FakeClock) -> Iterator[Easel]:
    """Everything at hand."""
    made = Easel(slack, store, clock)
    yield made
    made.pictures.stop()


def test_the_picture_comes_into_the_open_modal(easel: Easel, slack: SlackServer) -> None:
    """A private PNG of ours, in an image block whose words say the same."""
    opened = easel.open()
    assert easel.image() is None

    easel.show(opened)

    (file,) = slack.files()
    image = easel.image()
    assert image is not None
    assert image["slack_file"] == {"id": file.id}
    assert "30 minutes either way" in image["alt_text"]
    assert "2 calls by this actor" in image["alt_text"]
    assert file.content.startswith(b"\x89PNG")
    assert "channel_id" not in slack.calls("files.completeUploadExternal")[0].args
    assert easel.pictures.error() == ""


def test_a_file_that_is_not_ready_yet_is_waited_for(easel: Easel, slack: SlackServer) -> None:
    """Slack refuses the block at first; a few tries later it takes it."""
    opened = easel.open()
    slack.order(Fault(method="views.update", kind="ok_false", code="invalid_arguments", times=2))
    easel.show(opened)

    assert easel.image() is not None
    assert easel.waits == list(READY_AFTER[:2])


def test_the_waiting_has_an_end(easel: Easel, slack: SlackServer) -> None:
    """A file that never gets ready leaves the words."""
    opened = easel.open()
    slack.order(Fault(method="views.update", kind="ok_false", code="invalid_blocks", times=99))
    easel.show(opened)

    assert easel.image() is None
    assert easel.waits == list(READY_AFTER)
    assert "invalid_blocks" in easel.pictures.error()


def test_a_closed_or_changed_modal_is_no_fault(
    easel: Easel, slack: SlackServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader went on; what they see now is left alone."""
    opened = easel.open()
    easel.client.redraw(opened, details())
    easel.show(opened)
    assert easel.image() is None
    assert slack.calls("views.update")[-1].error == "hash_conflict"

    slack.close_view("analyst", opened.id)
    easel.show(opened)
    assert slack.view_of("analyst") is None
    assert slack.calls("views.update")[-1].error == "not_found"
    assert easel.pictures.error() == ""
    assert caplog.messages == []


def test_a_missing_scope_is_said_once_and_tried_again_later(
    store: SqliteStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The words stay; the log and status say what to do; after some minutes it is tried anew."""
    manifest = yaml.safe_load(Path(MANIFEST).read_text(encoding="utf-8"))
    manifest["oauth_config"]["scopes"]["bot"].remove("files:write")
    with SlackServer(manifest=yaml.safe_dump(manifest), limits=Limits.off()) as slack:
        easel = Easel(slack, store, clock)
        opened = easel.open()
        easel.show(opened)
        easel.show(opened)
        assert easel.drawn == 1
        assert "Left out so far: 2." in easel.pictures.error()

        clock.tick(REFUSED_FOR)
        easel.show(opened)
        assert easel.drawn == 2
        assert slack.view_of("analyst") is not None
        easel.pictures.stop()
    assert len(caplog.messages) == 1
    assert "files:write" in caplog.messages[0]
    assert "install it again" in caplog.messages[0]


def test_too_fast_is_left_alone_for_as_long_as_slack_says(easel: Easel, slack: SlackServer) -> None:
    """No call until then; the next picture ends the trouble."""
    opened = easel.open()
    slack.order(Fault(method="files.getUploadURLExternal", kind="ratelimited", retry_after=30))
    easel.show(opened)
    easel.clock.tick(29)
    easel.show(opened)
    assert len(slack.calls("files.getUploadURLExternal")) == 1
    assert "slow down" in easel.pictures.error()

    easel.clock.tick(1)
    easel.show(opened)
    assert easel.image() is not None
    assert easel.pictures.error() == ""


@pytest.mark.parametrize(
    "method", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"]
)
@pytest.mark.parametrize("kind", ["error", "drop_before"])
def test_slack_down_leaves_the_words(
    easel: Easel, slack: SlackServer, method: str, kind: Any
) -> None:
    """Whichever call fails; the file that was begun is written down, to be deleted."""
    opened = easel.open()
    slack.order(Fault(method=method, kind=kind))
    easel.show(opened)

    assert easel.image() is None
    assert easel.pictures.error() != ""
    begun = easel.store.pictures(at(60), 9)
    assert len(begun) == (0 if method == "files.getUploadURLExternal" else 1)


def test_a_drawing_that_breaks_leaves_the_words(
    slack: SlackServer, store: SqliteStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Our own bug is in the log, with its traceback, and nowhere else."""
    easel = Easel(slack, store, clock)
    opened = easel.open()
    easel.pictures.show(opened, lambda: Timeline(middle="soon", minutes=30), details)
    assert eventually(lambda: not easel.pictures.busy)

    assert "could not be drawn" in easel.pictures.error()
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)
    easel.pictures.stop()


def test_files_are_deleted_a_day_later_by_whoever_runs_then(
    easel: Easel, slack: SlackServer, store: SqliteStore, clock: FakeClock
) -> None:
    """Not before; also after a restart; one that is gone already is forgotten."""
    opened = easel.open()
    easel.show(opened)
    store.picture_begun("F0GONE", clock.iso)
    clock.tick(86_399)
    easel.pictures.tidy()
    assert len(slack.files()) == 1

    clock.tick(2)
    Easel(slack, store, clock).pictures.tidy()
    assert slack.files() == []
    assert store.pictures(clock.iso, 9) == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(method="files.delete", kind="ratelimited"), Unavailable),
        (Fault(method="files.delete", kind="ok_false", code="missing_scope"), Refused),
    ],
)
def test_a_file_that_cannot_be_deleted_is_tried_again(
    easel: Easel, slack: SlackServer, clock: FakeClock, fault: Fault, error: type[Exception]
) -> None:
    """The job fails and says so; the file is not forgotten."""
    easel.show(easel.open())
    clock.tick(90_000)
    slack.order(fault)
    with pytest.raises(error):
        easel.pictures.tidy()

    easel.pictures.tidy()
    assert slack.files() == []
