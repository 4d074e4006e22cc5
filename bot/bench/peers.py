"""The same Sigma rules in databases that people use for this, where they are installed by hand."""

from __future__ import annotations

import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.aws.files import walk
from bot.bench import sql
from bot.cli.sweep import Sweep, Tally, Window
from bot.detection import heap, sigma
from bot.detection.engine import Engine
from bot.detection.rule import RuleSet
from bot.errors import BadInput

LEFT_OUT = "aws_sts_assumerole_misuse"
"""Matches every role's session: two thirds of all records."""

_LARGEST = 1_000_000_000


def measure(path: Path, folder: Path) -> dict[str, object]:
    """Records a second of ours and of each peer on one thread; None where it is not installed."""
    conditions, skipped = _conditions(folder)
    tally = Tally()
    sweep = Sweep(lambda: Engine(_rules(folder)), Window())
    heap.keep()
    begun = time.perf_counter()
    found = sum(len(look.findings) for look in sweep.over(walk([path]), tally))
    if not tally.records:
        raise BadInput(f"{path} holds no records. `callwarden bench corpus` writes some.")
    ours = tally.records / (time.perf_counter() - begun)
    result: dict[str, object] = {
        "records": tally.records,
        "rules": sweep.rules,
        "rules_as_sql": len(conditions),
        "not_put_into_sql": ", ".join(skipped),
        "ours_rps": round(ours),
        "ours_hits": found,
    }
    for name, run in (("chdb", _chdb), ("duckdb", _duckdb)):
        if find_spec(name) is None:
            result |= {f"{name}_rps": None, f"{name}_hits": None, f"times_{name}": None}
            continue
        begun = time.perf_counter()
        hits = run(path, conditions)
        theirs = tally.records / (time.perf_counter() - begun)
        result |= {
            f"{name}_rps": round(theirs),
            f"{name}_hits": hits,
            f"times_{name}": round(ours / theirs, 1),
        }
    return result


def _rules(folder: Path) -> RuleSet:
    """Those of *folder* alone, as the peers have them."""
    rules = sigma.load([folder])
    return RuleSet(tuple(one for one in rules.rules if not one.own and one.name != LEFT_OUT))


def _conditions(folder: Path) -> tuple[list[Any], list[str]]:
    """The conditions that SQL can say, and the names of the rules with others."""
    from sigma.collection import SigmaCollection

    found: list[tuple[str, Any]] = []
    skipped: list[str] = []
    for file in sorted(folder.rglob("*.yml")):
        if file.stem == LEFT_OUT:
            continue
        for rule in SigmaCollection.from_yaml(file.read_text("utf-8")).rules:
            for one in rule.detection.parsed_condition:  # type: ignore[union-attr]
                try:
                    sql.condition(one.parsed, "match")
                except TypeError:
                    skipped.append(file.stem)
                else:
                    found.append((file.stem, one.parsed))
    if not found:
        raise BadInput(f"{folder} holds no rules.")
    every = _tree([one for _, one in found])
    skipped += [name for name, one in found if not sql.texts_only(one, every)]
    return [one for _, one in found if sql.texts_only(one, every)], skipped


def _tree(conditions: list[Any]) -> sql.Tree:
    return sql.tree(name for one in conditions for name in sql.fields(one))


def _shape(tree: sql.Tree, word: str, text: str, quote: str) -> str:
    """The type of a record that holds these fields."""
    inner = ", ".join(
        f"{quote}{name}{quote} {_shape(below, word, text, quote) if below else text}"
        for name, below in tree.items()
    )
    return f"{word}({inner})"


def _chdb(path: Path, conditions: list[Any]) -> int:
    """One pass into memory with one typed extract, then a query a rule."""
    session = import_module("chdb.session").Session()
    shape = _shape(_tree(conditions), "Tuple", "Nullable(String)", "")
    session.query("SET max_threads = 1")
    session.query("CREATE DATABASE bench")
    session.query(
        f"CREATE TABLE bench.records ENGINE = Memory AS SELECT JSONExtract(raw, '{shape}') AS r "  # noqa: S608 - of our own making
        "FROM (SELECT arrayJoin(JSONExtractArrayRaw(json, 'Records')) AS raw "
        f"FROM file('{path.resolve()}/**/*.json.gz', 'JSONAsString', 'json String'))"
    )
    counts = [
        session.query(f"SELECT count() FROM bench.records WHERE {sql.condition(one, 'match')}")  # noqa: S608
        for one in conditions
    ]
    return sum(int(str(count)) for count in counts)


def _duckdb(path: Path, conditions: list[Any]) -> int:
    """Typed from the start: its own guess at CloudTrail's types fails on keys that look alike."""
    session = import_module("duckdb").connect()
    shape = _shape(_tree(conditions), "STRUCT", "VARCHAR", '"')
    session.execute("SET threads = 1")
    session.execute(
        f"CREATE TABLE records AS SELECT unnest(Records) AS r FROM read_json("  # noqa: S608
        f"'{path.resolve()}/**/*.json.gz', columns = {{Records: '{shape}[]'}}, "
        f"maximum_object_size = {_LARGEST // 10})"
    )
    total = 0
    for one in conditions:
        query = f"SELECT count(*) FROM records WHERE {sql.condition(one, 'regexp_matches')}"  # noqa: S608
        total += session.execute(query).fetchone()[0]
    return total
