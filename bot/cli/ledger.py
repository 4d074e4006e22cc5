"""`callwarden ledger verify|export`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TextIO

import click
import msgspec

from bot.cli import config_option
from bot.errors import BadInput
from bot.model import Link


@click.group()
def ledger() -> None:
    """The record of every decision, also of refused ones: append-only and hash-chained."""


@ledger.command()
@click.option("--head", metavar="HASH", help="A head noted earlier, which must be in the chain.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@config_option
def verify(config: Path, head: str | None, form: str) -> None:
    """Check every link. Exit 0 if the chain is whole, 1 if not."""
    from bot import wiring
    from bot.settings import load

    noted = None if head is None else _noted(head)
    store = wiring.open_store(load(config, slack=False))
    try:
        chain = store.verify(noted)
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps({**msgspec.to_builtins(chain), "whole": chain.whole}))
    elif chain.whole:
        click.echo(f"The ledger is whole: {chain.length} link(s), head {chain.head}")
    else:
        where = f" First broken link: {chain.broken_at}." if chain.broken_at else ""
        click.echo(f"The ledger is BROKEN: {chain.reason}.{where}", err=True)
    sys.exit(0 if chain.whole else 1)


@ledger.command()
@click.option(
    "--out", type=click.File("w", encoding="utf-8"), default="-", help="A file; - is the terminal."
)
@config_option
def export(config: Path, out: TextIO) -> None:
    r"""Write the links as JSON lines, oldest first, with all that their hashes cover.

    A byte that is no text any more stands as \udc80 to \udcff; its last two digits are the byte.
    """
    from bot import wiring
    from bot.settings import load

    store = wiring.open_store(load(config, slack=False))
    try:
        after = 0
        while links := store.links(after):
            out.writelines(_line(link) for link in links)
            after = links[-1].seq
    finally:
        store.close()


def _noted(head: str) -> str:
    """A head as somebody gave it, which must be a whole one. Raises BadInput.

    An empty one is a variable that was never set: checking nothing would then pass for whole.
    """
    noted = head.strip().lower()
    if re.fullmatch(r"[0-9a-f]{64}", noted):
        return noted
    what = f"has {len(noted)} characters"
    if not noted:
        what = "is empty"
    elif re.search(r"[^0-9a-f]", noted):
        what = "holds what is no hex digit"
    raise BadInput(
        f"--head {what}. Give all 64 hex digits, as `callwarden ledger verify` and `/callwarden"
        " status` show them, or leave --head out.",
        where="--head",
    )


def _line(link: Link) -> str:
    # ASCII only: a note may hold what a terminal would obey.
    return json.dumps(msgspec.to_builtins(link), ensure_ascii=True) + "\n"
