"""`callwarden rules coverage`: what the rules look at, and what they do not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from bot.detection.coverage import Blind, Coverage
    from bot.detection.rule import RuleSet


def operations() -> list[str]:
    """The names of all calls of Connect that the installed botocore knows."""
    from botocore.session import get_session

    names: list[str] = get_session().get_service_model("connect").operation_names
    return list(names)


def told(rules: RuleSet) -> Coverage:
    """What *rules* cover, of the calls that were reviewed and of those that botocore adds."""
    from bot.detection.coverage import coverage, reviewed

    calls = reviewed()
    return coverage(rules, {*calls.operations, *operations()}, calls)


def blind_of(rules: RuleSet, config: Path) -> list[Blind]:
    """The rules to which the records kept in the store of *config* show nothing."""
    from bot import wiring
    from bot.detection.coverage import blind
    from bot.settings import load

    store = wiring.open_store(load(config, slack=False))
    try:
        return blind(rules, store.kinds())
    finally:
        store.close()


def as_json(found: Coverage, dark: Sequence[Blind] | None) -> str:
    """Both for programs; *dark* None where nobody asked."""
    told: dict[str, object] = msgspec.to_builtins(found)
    if dark is not None:
        told["blind"] = msgspec.to_builtins(dark)
    return json.dumps(told, indent=2)


def lines(found: Coverage, dark: Sequence[Blind] | None) -> Iterator[str]:
    """Both for people."""
    yield f"ATT&CK: {len(found.techniques)} techniques."
    for one in found.techniques:
        yield f"  {one.technique.id} {one.technique.name}: {', '.join(one.rules)}"
    yield ""
    yield (
        f"Amazon Connect: {found.covered} of {len(found.calls)} calls that change something have a "
        "rule."
    )
    for call in found.calls:
        if call.rules:
            yield f"  {call.name}: {', '.join(call.rules)}"
    by_reason: dict[str, list[str]] = {}
    for call in found.calls:
        if not call.rules:
            by_reason.setdefault(call.reason or "Nobody has said why.", []).append(call.name)
    yield ""
    yield "Without a rule:"
    for reason, names in by_reason.items():
        yield f"  {reason} ({len(names)})"
        yield f"    {', '.join(names)}"
    if found.everywhere:
        yield f"About any call: {', '.join(found.everywhere)}"
    if found.outlived:
        yield f"Have a rule by now, and a reason in calls.toml still: {', '.join(found.outlived)}"
    if dark is not None:
        yield ""
        yield from _dark(dark)


def _dark(dark: Sequence[Blind]) -> Iterator[str]:
    if not dark:
        yield "Blind on this feed: none; what each rule needs has come at least once."
        return
    yield f"Blind on this feed, by all records kept: {len(dark)}."
    for one in dark:
        yield f"  {one.rule} needs {' and '.join(one.needs).replace('_', ' ')}. {one.why}"


def show(rules: RuleSet, config: Path | None, form: str) -> None:
    """Print it. *config* names the store for `--live`."""
    from bot.cli.reports import plain

    found = told(rules)
    dark = blind_of(rules, config) if config is not None else None
    if form == "json":
        click.echo(as_json(found, dark))
        return
    for line in lines(found, dark):
        click.echo(plain(line))
