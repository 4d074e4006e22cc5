"""The pages under docs/ say what the code says."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import FieldInfo

from bot.cli.rules.page import page
from bot.detection.sigma import load as load_rules
from bot.model import Allowed, Override, Verb
from bot.settings import Settings, load

ROOT = Path(__file__).parents[1]
NOT_IN_FILE = ("home", "bot_token", "app_token", "api_url")
PEOPLE = "[people.VERB]"
OVERRIDE = "[rules.override.NAME]"

Row = tuple[str, ...]


def read(name: str) -> str:
    """A page of this repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def tables_of_the_code() -> Iterator[tuple[str, type[Struct]]]:
    """Every table that may stand in callwarden.toml, by its head."""
    yield OVERRIDE, Override
    for field in msgspec.structs.fields(Settings):
        kind = field.type
        if field.name in NOT_IN_FILE:
            continue
        if isinstance(kind, type) and issubclass(kind, Struct):
            yield f"[{field.name}]", kind
        elif field.name == "people":
            yield PEOPLE, Allowed
        else:
            yield f"[[{field.name}]]", get_args(kind)[0]


def keys_of_the_code() -> dict[tuple[str, str], FieldInfo]:
    """(table, key) → the key, of everything that may stand in callwarden.toml."""
    return {
        (head, field.encode_name): field
        for head, table in tables_of_the_code()
        for field in msgspec.structs.fields(table)
        if get_origin(field.type) is not dict
    }


def rows_of_the_page() -> dict[str, list[Row]]:
    """Head of a section of docs/settings.md → the rows of its tables, their cells plain."""
    rows: dict[str, list[Row]] = {}
    for section in read("docs/settings.md").split("\n## ")[1:]:
        head, _, body = section.partition("\n")
        cells = [line.strip("| ").split(" | ") for line in body.splitlines() if line[:1] == "|"]
        rows[head] = [tuple(row) for row in cells if row[0].startswith("`")]
    return rows


def keys_of_the_page() -> dict[tuple[str, str], str]:
    """(table, key) → what the page says its default is."""
    rows = {head: rows for head, rows in rows_of_the_page().items() if head.startswith("[")}
    verbs = {f"`{verb}`" for verb in Verb}
    return {
        (head, row[0].strip("`")): row[1]
        for head in rows
        for row in rows[head]
        if head != PEOPLE or row[0] not in verbs
    }


def right(field: FieldInfo, said: str) -> bool:
    """Whether *said* is the default of *field*; what depends on something else is in words."""
    if field.required:
        return said == "required"
    if field.default in (None, ""):
        return said != "required" and not said.startswith("`")
    return said == f"`{json.dumps(field.default)}`"


def test_every_key_is_on_the_page_and_no_other() -> None:
    """Whoever looks for a setting finds it, and what is found can be set."""
    assert keys_of_the_page().keys() == keys_of_the_code().keys()


@pytest.mark.parametrize(("head", "key"), keys_of_the_code())
def test_the_page_names_the_right_default(head: str, key: str) -> None:
    """What is required is called so; else the default stands there as it would in the file."""
    said = keys_of_the_page()[head, key]

    assert right(keys_of_the_code()[head, key], said), said


def test_every_verb_is_on_the_page_and_no_other() -> None:
    """[people.VERB] says what each verb is for."""
    named = [row[0].strip("`") for row in rows_of_the_page()[PEOPLE]]

    assert set(named) - set(Allowed.__struct_fields__) == set(Verb)


def test_what_the_page_mentions_there_is() -> None:
    """A `table.key` or a `[table]` within a sentence is one that can be set."""
    page = read("docs/settings.md")
    tables = {head.strip("[]") for head, _ in tables_of_the_code()} - {"people.VERB"}
    tables |= {f"people.{verb}" for verb in Verb}
    keys = {f"{head.strip('[]')}.{key}" for head, key in keys_of_the_code()}

    assert set(re.findall(r"`\[+([^]`\"]+)\]+`", page)) <= tables
    assert set(re.findall(r"`([a-z_]+\.[a-z_]+)`", page)) - {"callwarden.toml"} <= keys


@pytest.mark.parametrize("name", ["docs/settings.md", "README.md"])
def test_the_example_can_be_used_as_it_stands(name: str, tmp_path: Path) -> None:
    """Whoever copies it has only to put their own IDs in."""
    [example] = re.findall(r"^( *)```toml\n(.*?)^ *```", read(name), re.DOTALL | re.MULTILINE)
    file = tmp_path / "callwarden.toml"
    file.write_text(textwrap.dedent(example[1]), encoding="utf-8")
    environ = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}

    settings = load(file, environ)

    assert (len(settings.source), len(settings.instance)) == (1, 1)


def test_the_page_says_what_stands_for_what() -> None:
    """Every relation of our own rules, and no other."""
    rows = re.findall(r"^\| (`.+`) \| (`.+`) \|$", read("docs/alerts.md"), re.MULTILINE)
    told = {left.strip("`"): tuple(re.findall(r"`(\w+)`", right)) for left, right in rows}

    assert told == load_rules().relations()


def test_the_page_of_rules_is_written_from_them() -> None:
    """After a change of a rule or of bot/rules/calls.toml: `callwarden rules docs`."""
    assert read("docs/rules.md") == page(), "run `callwarden rules docs` and commit the page"
