"""Listeners are found by folder and name; a misnamed or broken file stops the start."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.model import Verb
from bot.slack import parts
from bot.slack.modals import (
    ExpectModal,
    HandOverModal,
    NoteModal,
    ReopenModal,
    ResolveModal,
    SnoozeModal,
)
from handlers import KINDS, discover

GOOD = """
from bot.model import Verb
ID = {id!r}
VERB = {verb}
def handle({arguments}):
    pass
"""


def listener(id: str = "press", verb: str = "Verb.TAKE", arguments: str = "bot, ack, body") -> str:
    """The text of a listener's file."""
    return GOOD.format(id=id, verb=verb, arguments=arguments)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Makes a package of listeners from `kind/name=text`; returns its name."""
    name = f"listeners_of_{tmp_path.name}"
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(files: dict[str, str]) -> str:
        for kind in KINDS:
            folder = tmp_path / name / kind
            folder.mkdir(parents=True)
            (folder / "__init__.py").touch()
        (tmp_path / name / "__init__.py").touch()
        for place, text in files.items():
            (tmp_path / name / place).write_text(text, encoding="utf-8")
        return name

    yield make
    for loaded in [one for one in sys.modules if one.startswith(name)]:
        del sys.modules[loaded]


def test_our_own_listeners_are_found() -> None:
    """Everything under handlers/, with the verb it needs."""
    found = {(one.kind, one.id): one.verb for one in discover()}

    assert found == {
        ("commands", "/callwarden"): Verb.LOOK,
        ("actions", "alert_take"): Verb.TAKE,
        ("actions", "alert_resolve"): Verb.RESOLVE,
        ("actions", "alert_details"): Verb.LOOK,
        ("actions", "alert_raw"): Verb.RAW,
        ("actions", "alert_more"): Verb.LOOK,
        ("actions", "snooze_agree"): Verb.AGREE,
        ("actions", "snooze_end"): Verb.WAKE,
        ("actions", "except_agree"): Verb.AGREE_EXCEPT,
        ("actions", "except_end"): Verb.UNEXCEPT,
        ("actions", "alerts_back"): Verb.LOOK,
        ("actions", "alerts_on"): Verb.LOOK,
        ("actions", "storm_alerts"): Verb.LOOK,
        ("actions", "rule_explain"): Verb.LOOK,
        ("views", "resolve_alert"): Verb.RESOLVE,
        ("views", "hand_over_alert"): Verb.HAND_OVER,
        ("views", "note_alert"): Verb.NOTE,
        ("views", "snooze_alert"): Verb.SNOOZE,
        ("views", "expect_alert"): Verb.EXCEPT,
        ("views", "reopen_alert"): Verb.REOPEN,
        ("shortcuts", "note_from_message"): Verb.NOTE,
        ("events", "user_change"): None,
        ("events", "subteam_members_changed"): None,
        ("events", "subteam_updated"): None,
    }


def test_what_cards_and_modals_send_has_a_listener() -> None:
    """Every action id and callback id that we draw is listened to, and the reverse."""
    turning = {parts.EARLIER, parts.LATER, parts.AGREE, parts.WAKE}
    turning |= {parts.AGREE_EXCEPT, parts.UNEXCEPT, parts.SHOW, parts.EXPLAIN}
    drawn = {parts.TAKE, parts.RESOLVE, parts.DETAILS, parts.RAW, parts.MORE} | turning
    asking = (ResolveModal, HandOverModal, NoteModal, ReopenModal, SnoozeModal, ExpectModal)
    modals = {one.ID for one in asking}
    (menu,) = [one for one in discover() if one.id == parts.MORE]

    assert {one.id for one in discover() if one.kind == "actions"} == drawn
    assert {one.id for one in discover() if one.kind == "views"} == modals
    assert menu.choices.keys() == parts.MENU.keys()


def test_a_good_file_is_enough(package: Callable[..., str]) -> None:
    """One file is one listener; nothing else has to be touched."""
    name = package({"actions/press.py": listener()})

    (found,) = discover(name)
    assert (found.kind, found.id, found.verb) == ("actions", "press", Verb.TAKE)


@pytest.mark.parametrize(
    ("place", "text", "reason"),
    [
        ("actions/other.py", listener(), "its ID is 'press'; by its name it must be 'other'"),
        ("commands/press.py", listener(), "by its name it must be '/press'"),
        ("actions/press.py", "VERB = None", "its ID is None"),
        ("actions/press.py", listener(verb="None"), "its VERB must be one of look"),
        ("actions/press.py", listener(verb="'take'"), "its VERB must be one of look"),
        ("events/press.py", listener(), "its VERB must be None"),
        ("actions/press.py", "ID = 'press'\nVERB = None", "VERB must be"),
        ("actions/press.py", listener(arguments="bot, akc"), "it takes ['bot', 'akc']"),
        ("actions/press.py", listener(arguments="ack, bot"), "handle must take bot first"),
        ("actions/press.py", "import nothing_of_that_name", "cannot be loaded"),
        ("views/press.py", "def broken(:", "cannot be loaded"),
        ("views/press.py", listener().replace("handle", "handel"), "it has no function handle"),
    ],
)
def test_a_bad_file_stops_the_start(
    package: Callable[..., str], place: str, text: str, reason: str
) -> None:
    """The file and what is wrong with it are named."""
    name = package({place: text})

    with pytest.raises(BadInput) as caught:
        discover(name)
    assert f"{name}/{place}" in caught.value.sentence
    assert reason in caught.value.sentence
