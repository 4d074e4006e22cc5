"""`callwarden ledger`: what is checked, what is refused, and how it exits."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.ledger import ledger
from bot.demo.stage import command
from bot.errors import BadInput, Fault
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


# ── a store that is damaged ─────────────────────────────────────────────────


def tamper(database: Path, statement: str) -> None:
    """Change the file behind the store's back."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(statement)
    connection.close()


def overwrite(database: Path, table: str) -> None:
    """Write rubbish over the first page of *table*."""
    connection = sqlite3.connect(database)
    [size] = connection.execute("PRAGMA page_size").fetchone()
    [page] = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
    ).fetchone()
    connection.close()
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


@pytest.mark.parametrize("table", ["ledger", "ledger_head"])
def test_a_table_that_is_gone_is_one_sentence(
    config: Path, store: SqliteStore, database: Path, table: str
) -> None:
    """Whoever drops the record of what they did is found out in plain words."""
    store.close()
    tamper(database, f"DROP TABLE {table}")

    with pytest.raises(Fault, match=rf"db cannot be read: no such table: {table}\. The file is"):
        run(config, "verify")


@pytest.mark.parametrize("table", ["ledger", "ledger_head"])
def test_a_page_that_is_rubbish_is_one_sentence(
    config: Path, store: SqliteStore, database: Path, table: str
) -> None:
    """A damaged file is named, and what to do with it."""
    store.close()
    overwrite(database, table)

    with pytest.raises(Fault, match=r"cannot be read: .* is malformed\. .* with a back-up\.$"):
        run(config, "verify")


def test_a_damaged_store_is_not_exported_either(
    config: Path, store: SqliteStore, database: Path
) -> None:
    """The same sentence as for verify."""
    store.close()
    overwrite(database, "ledger")

    with pytest.raises(Fault, match="cannot be read"):
        run(config, "export")


def test_a_shell_sees_the_sentence_and_a_2(
    config: Path, store: SqliteStore, database: Path
) -> None:
    """Neither whole nor broken, and no traceback."""
    store.close()
    tamper(database, "DROP TABLE ledger")
    ended = subprocess.run(
        [*command(), "ledger", "verify", "-c", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("The ledger in ")
    assert ended.stderr.count("\n") == 1


def test_bytes_that_are_no_text_are_exported_as_they_stand(config: Path, database: Path) -> None:
    """Every link is a line that JSON reads, and the broken bytes can be got back from theirs."""
    tamper(database, "UPDATE ledger SET subject = CAST(x'41ff42' AS TEXT) WHERE seq = 2")

    lines = run(config, "export").stdout.splitlines()
    subjects = [json.loads(line)["subject"] for line in lines]
    assert subjects == ["s-1", "A\udcffB", "s-3"]
    assert subjects[1].encode("utf-8", "surrogateescape") == b"A\xffB"
    assert all(line.isascii() for line in lines)
    assert "link 2 was changed" in run(config, "verify").stderr
