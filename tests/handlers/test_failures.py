"""Faults become sentences, bugs become ids, and the error handler itself does not fail."""

from __future__ import annotations

import logging
import re
import socket
import time
from pathlib import Path

import pytest

from bot.store import SqliteStore
from tests.builders import FakeClock
from tests.handlers.conftest import Ear
from tests.handlers.stage import Stage, eventually, told

_ID = re.compile(r"fault ([0-9a-f]{8})")


@pytest.fixture
def broken(tmp_path: Path, clock: FakeClock) -> Stage:
    """A stage whose store was closed under it."""
    store = SqliteStore(tmp_path / "broken.db")
    stage = Stage(store, clock)
    store.close()
    return stage


def test_a_bug_behind_a_command_has_an_id_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The person and the log name the same fault; only the log has the details."""
    stage.pulse.fault = RuntimeError("password=hunter2")
    text = told(stage.type("status"))

    found = _ID.search(text)
    assert found
    (line,) = [one for one in caplog.records if found[1] in one.getMessage()]
    assert line.exc_info
    assert "hunter2" not in text


def test_after_a_bug_the_next_command_works(stage: Stage) -> None:
    """A fault is not kept."""
    stage.pulse.fault = RuntimeError("once")
    stage.type("status")
    stage.pulse.fault = None

    assert "All is well" in told(stage.type("status"))


def test_a_bug_behind_a_button_is_said_by_the_response_url(broken: Stage, ear: Ear) -> None:
    """Where the store is what broke, the sentence takes the other way."""
    response = broken.press("alert_take", "A-7K2QF", response_url=ear.url)

    assert response.status == 200
    assert eventually(lambda: len(ear.heard) == 1)
    (heard,) = ear.heard
    assert _ID.search(heard["text"])
    assert (heard["response_type"], heard["replace_original"]) == ("ephemeral", False)


def test_a_slow_response_url_is_no_late_ack(broken: Stage) -> None:
    """Whoever listens there never answers; the ack goes all the same."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        started = time.monotonic()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/answer"
        assert broken.press("alert_take", "A-7K2QF", response_url=url).status == 200
        assert time.monotonic() - started < 1.0


def test_a_bug_behind_a_modal_stays_in_the_modal(broken: Stage) -> None:
    """The sentence stands at the first field, and what was typed is not lost."""
    values = {"verdict": {"chosen": {"selected_option": {"value": "expected"}}}}
    view = {
        "type": "modal",
        "callback_id": "resolve_alert",
        "private_metadata": "A-7K2QF",
        "blocks": [{"type": "input", "block_id": "verdict"}],
        "state": {"values": values},
    }

    assert _ID.search(told(broken.submit(view)))


def test_a_modal_without_fields_is_replaced_by_the_sentence(broken: Stage) -> None:
    """Where no field could hold it, the sentence takes the modal's place."""
    values = {"verdict": {"chosen": {"selected_option": {"value": "expected"}}}}
    view = {
        "type": "modal",
        "callback_id": "resolve_alert",
        "private_metadata": "A-7K2QF",
        "state": {"values": values},
    }

    assert _ID.search(told(broken.submit(view)))


def test_an_error_handler_without_any_way_out_only_logs(
    broken: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Store broken, response URL dead: the press is still acked, and the log says what was lost."""
    response = broken.press("alert_take", "A-7K2QF", response_url="http://127.0.0.1:9/")

    assert response.status == 200
    assert eventually(lambda: "Could not say" in caplog.text)


def test_a_fault_is_said_as_it_is(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """A known fault is its sentence, without an id and without a traceback."""
    caplog.set_level(logging.WARNING)
    text = told(stage.type("xyzzy"))

    assert text.startswith("I do not know 'xyzzy'")
    assert not _ID.search(text)
    assert all(one.exc_info is None for one in caplog.records if "xyzzy" in one.getMessage())


def test_a_press_without_a_trigger_is_a_fault(stage: Stage) -> None:
    """Without the key that makes a press one press, nothing is decided."""
    alert = stage.open_alert()

    response = stage.press("alert_take", alert.id, trigger_id="")

    assert response.status == 200
    assert stage.alert(alert.id).taken is None
