"""`callwarden settings check` from outside."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from bot.cli.settings import settings

SETTINGS = """
[slack]
channel = "C0ALERTS"
[people.take]
users = ["U0ANA"]
[people.resolve]
users = ["U0ANA"]
[[instance]]
id = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"
name = "prod"
[[route]]
instance = "prod"
account = "111122223333"
level = "high"
tag = "attack.*"
channel = "C0FIRST"
[[route]]
levels = ["low", "medium"]
channel = "C0SECOND"
[[route]]
tag = "cis.1.2"
channel = "C0THIRD"
"""


def check(tmp_path: Path, text: str) -> tuple[int, str]:
    """Exit status and everything that is said about a file that holds *text*."""
    file = tmp_path / "callwarden.toml"
    file.write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(settings, ["check", "--no-slack", "-c", str(file)])
    return ran.exit_code, ran.output


def test_each_route_says_what_it_catches(tmp_path: Path) -> None:
    """A line each; a tag that no rule has is noted, for it is most often misspelt."""
    status, said = check(tmp_path, SETTINGS)

    assert status == 0
    lines = [line.strip() for line in said.splitlines()]
    first = "instance prod, account 111122223333, level high and worse, tag attack.*"
    assert f"route 1: {first} → C0FIRST" in lines
    assert "route 2: levels low and medium → C0SECOND" in lines
    assert "route 3: tag cis.1.2 → C0THIRD" in lines
    assert [line for line in lines if line.startswith("note: no rule has the tag")] == [
        "note: no rule has the tag cis.1.2, so route 3 catches nothing yet"
    ]


def test_settings_without_routes_speak_of_none(tmp_path: Path) -> None:
    """Nothing to say, nothing said."""
    status, said = check(tmp_path, SETTINGS.partition("[[route]]")[0])

    assert (status, "route 1" in said) == (0, False)
