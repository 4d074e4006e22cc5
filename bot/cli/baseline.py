"""`callwarden baseline show|forget|export`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from bot.cli import config_option
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.model.evidence import Named
    from bot.store import SqliteStore

_NAMED = 10
"""Principals that are named where nobody is called as was typed."""
_FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")


@click.group()
def baseline() -> None:
    """What is usual for whom, as baselines learned it."""


@baseline.command()
@click.argument("principal")
@_FORMAT
@config_option
def show(config: Path, principal: str, form: str) -> None:
    """Show what PRINCIPAL (whole, or what follows its last slash) is known to do."""
    with _opened(config) as store:
        rows = [row for scope, _ in _scopes(store, principal) for row in store.baseline_rows(scope)]
    if form == "json":
        click.echo(json.dumps([_told(row) for row in rows], indent=2))
        return
    from bot.cli.reports import plain

    last = ""
    for row in rows:
        if row.scope != last:
            last = row.scope
            click.echo(plain(_who(row.scope)[1]) + f" in account {_who(row.scope)[0]}")
        told = _told(row)
        hours = f"{told['hours']:,} hour(s)"
        click.echo(f"  {plain(row.feature):60} {hours:>14}  {told['first']} to {told['last']}")


@baseline.command()
@click.argument("principal")
@click.option("--by", default="command line", show_default=True, help="Who asks for it.")
@_FORMAT
@config_option
def forget(config: Path, principal: str, by: str, form: str) -> None:
    """Forget what was learned of PRINCIPAL; it is then a newcomer. The ledger keeps that."""
    from bot.model import Entry, iso

    gone = 0
    with _opened(config) as store:
        for scope, text in _scopes(store, principal):
            account, who = _who(text)
            entry = Entry(
                kind="baseline.forget",
                subject=who,
                by=by,
                at=iso(datetime.now(UTC)),
                body={"account": account},
            )
            gone += store.forget_baseline(scope, entry)
    if form == "json":
        click.echo(json.dumps({"forgotten": gone}))
    else:
        click.echo(f"Forgot {gone:,} row(s) of evidence.")


@baseline.command()
@click.option("--out", type=click.File("w", encoding="utf-8"), default="-", help="A file.")
@config_option
def export(config: Path, out: TextIO) -> None:
    """Write everything that has words as JSON lines."""
    with _opened(config) as store:
        out.writelines(json.dumps(_told(row)) + "\n" for row in store.baseline_rows())


@contextmanager
def _opened(config: Path) -> Iterator[SqliteStore]:
    """The store of the settings, closed at the end."""
    from bot import wiring
    from bot.settings import load

    store = wiring.open_store(load(config, slack=False))
    try:
        yield store
    finally:
        store.close()


def _scopes(store: SqliteStore, principal: str) -> Iterator[tuple[int, str]]:
    found = store.baseline_scopes(principal)
    if not found:
        raise BadInput(_nobody(store, principal), where="PRINCIPAL")
    return iter(found)


def _nobody(store: SqliteStore, principal: str) -> str:
    """That *principal* is not known, and who may have been meant: a role's name is a part of its
    sessions' names, and of a mistyped one the nearest are told."""
    from bot.cli.reports import plain

    scopes = dict.fromkeys(row.scope for row in store.baseline_rows())
    known = sorted(_who(one)[::-1] for one in scopes if one.startswith("principal "))
    typed = principal.strip().lower()
    near = [one for one in known if typed and typed in one[0].lower()]
    if not near:
        ends = [name.rpartition("/")[2].lower() for name, _ in known]
        close = difflib.get_close_matches(typed, ends, n=_NAMED)
        near = [one for one, end in zip(known, ends, strict=True) if end in close]
    if not near:
        return f"No baseline knows {principal!r}."
    lines = [f"  {name} in account {account}" for name, account in near[:_NAMED]]
    if len(near) > _NAMED:
        lines.append(f"  … and {len(near) - _NAMED:,} more")
    return "\n".join([f"No baseline knows {principal!r}. Known are:", *map(plain, lines)])


def _who(text: str) -> tuple[str, str]:
    """(account, name) of a scope's words."""
    _, account, name = (*text.split(" ", 2), "", "")[:3]
    return account, name


def _told(row: Named) -> dict[str, object]:
    dimension, _, value = row.feature.partition(" ")
    kind = row.scope.partition(" ")[0]
    account, name = _who(row.scope)
    return {
        "scope": kind,
        "account": account,
        "name": name,
        "dimension": dimension,
        "value": value,
        "hours": round(row.row.hours),
        "days": row.row.days,
        "weight": round(row.row.weight, 2),
        "first": _time(row.row.first),
        "last": _time(row.row.last),
    }


def _time(hour: int) -> str:
    return datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%H:00Z")
