"""`callwarden ledger`: what is checked, what is refused, and how it exits."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.ledger import ledger
from bot.errors import BadInput
from bot.model import Entry, iso
from bot.store import SqliteStore
from tests.builders import NOON, write_down

SETTINGS = """
[slack]
channel = "C0ALERTS"
[people.take]
users = ["U0ANA"]
[people.resolve]
users = ["U0ANA"]
"""


@pytest.fixture
def config(tmp_path: Path, store: SqliteStore) -> Path:
    """Settings beside a store whose ledger has three links."""
    for number in (1, 2, 3):
        write_down(store, Entry(kind="test.note", subject=f"s-{number}", by="U0ANA", at=iso(NOON)))
    file = tmp_path / "callwarden.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    return file


def run(config: Path, *arguments: str) -> Result:
    """What `ledger` does with these arguments; its faults are raised."""
    return CliRunner().invoke(ledger, [*arguments, "-c", str(config)], catch_exceptions=False)


# ── a head that was noted ───────────────────────────────────────────────────


def test_a_noted_head_is_looked_for(config: Path, store: SqliteStore) -> None:
    """Any earlier head is in the chain, also in capitals; another one is not."""
    noted = store.links()[1].hash

    assert run(config, "verify", "--head", f" {noted.upper()}\n").exit_code == 0
    missed = run(config, "verify", "--head", "0f" * 32)
    assert missed.exit_code == 1
    assert "the head you noted is not in this chain" in missed.stderr


@pytest.mark.parametrize(
    ("head", "what"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("0123456789abcdef", "has 16 characters"),
        ("a" * 65, "has 65 characters"),
        ("zz", "holds what is no hex digit"),
        ("`" + "a" * 64 + "`", "holds what is no hex digit"),
    ],
)
def test_a_head_that_is_none_is_refused(config: Path, head: str, what: str) -> None:
    """A variable that was never set must not pass for a check, nor half a head for a broken one."""
    with pytest.raises(BadInput, match=f"--head {what}. Give all 64 hex digits"):
        run(config, "verify", "--head", head)
