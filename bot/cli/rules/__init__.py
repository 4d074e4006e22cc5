"""`callwarden rules`: which rules there are, whether they hold, and what each is for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import SETTINGS, settings_option
from bot.cli.chosen import choose, rules_option
from bot.model import Level

if TYPE_CHECKING:
    from bot.detection.rule import Correlation, Rule, RuleSet


@click.group()
def rules() -> None:
    """Show, test and explain the detection rules."""


@rules.command("list")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@rules_option
@settings_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
def list_rules(
    words: tuple[str, ...], folders: tuple[Path, ...], config: Path | None, form: str
) -> None:
    """Name every rule and correlation, or those that fit each WORD.

    A WORD is a level, a status, `shadow`, `correlations`, `ours`, `yours`, or a part of a name, a
    title or a tag (`t1078`).
    """
    from bot.rulefacts import facts_of, listed, sought

    found = choose(config, folders).rules()
    names = {one.name for one in sought(map(facts_of, listed(found)), words)}
    chosen = [one for one in listed(found) if one.name in names]
    if form == "json":
        click.echo(json.dumps([_told(one, found) for one in chosen], indent=2))
        return
    _print_table(chosen, found)
    if words:
        click.echo(f"{len(chosen)} of them fit.")
    click.echo(summed_up(found))


@rules.command("test")
@click.argument("name", required=False)
@rules_option
@settings_option
@click.pass_context
def test_rules(
    ctx: click.Context, name: str | None, folders: tuple[Path, ...], config: Path | None
) -> None:
    """Run the tests inside the rules' files, of all or of NAME.

    \b
    Exit code 0: all passed; 1: some did not; 2: a fault, or a file was refused.
    """
    from bot.cli.reports import plain
    from bot.detection.ruletest import run_chain_tests, run_tests

    found = choose(config, folders).rules(name=name)
    chain = found.correlation(name) if name else None
    whole = [rule for rule in found.rules if rule.tests or not rule.silent]
    rules = [] if chain else [found.named(name)] if name else whole
    chains = [chain] if chain else [] if name else list(found.correlations)
    chosen: list[Rule | Correlation] = [*rules, *chains]
    outcomes = [*run_tests(rules), *run_chain_tests(found, chains)]
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        click.echo(f"FAILED {outcome.rule}: {plain(outcome.test)}: {plain(outcome.fault)}")
    for rule in chosen:
        if not rule.tests:
            click.echo(f"{rule.name} has no tests.")
    click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} tests passed.")
    if found.refused and not name:
        ctx.exit(2)
    ctx.exit(1 if failed else 0)


@rules.command("lint")
@rules_option
@settings_option
@click.pass_context
def lint_rules(ctx: click.Context, folders: tuple[Path, ...], config: Path | None) -> None:
    """Hold the rules and correlations to what ours must have before they are shipped.

    Yours too, where a FOLDER is named; what is said of them is advice.

    \b
    Exit code 0: nothing to mend; 1: something is; 2: a fault, or a file was refused.
    """
    from bot.cli.reports import plain
    from bot.detection.sigma.validate import validated
    from bot.detection.standards import faults_of, lines

    found = choose(config, folders).rules()
    faults = [*faults_of(found), *validated(found.files)]
    for line in lines(faults):
        click.echo(plain(line))
    verdict = f"{len(faults)} thing(s) to mend" if faults else "nothing to mend"
    refused = f"; {len(found.refused)} file(s) refused" if found.refused else ""
    click.echo(f"{_how_many(found)}: {verdict}{refused}.")
    ctx.exit(2 if found.refused else 1 if faults else 0)


@rules.command("coverage")
@click.option("--live", is_flag=True, help="Name the rules that see nothing on your own feed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@rules_option
@settings_option
def cover(config: Path | None, folders: tuple[Path, ...], live: bool, form: str) -> None:
    """Say what the rules look at: by ATT&CK technique, and by call of Amazon Connect.

    What no rule looks at is named with the reason. --live reads the store of the settings file.
    """
    from bot.cli.rules import coverage

    store = config or SETTINGS if live else None
    coverage.show(choose(config, folders).rules(), store, form)


@rules.command("backtest")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--level", type=click.Choice([one.value for one in Level]), default="informational")
@click.option(
    "--fold-minutes", type=click.IntRange(1, 1440), help="Instead of the settings' or 60."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--tolerate-unreadable",
    is_flag=True,
    help="What cannot be read is a warning, not exit code 2.",
)
@rules_option
@settings_option
@click.pass_context
def try_back(
    ctx: click.Context,
    paths: tuple[Path, ...],
    folders: tuple[Path, ...],
    config: Path | None,
    page: Path | None,
    level: str,
    fold_minutes: int | None,
    form: str,
    tolerate_unreadable: bool,
) -> None:
    """Say which alerts the records in PATH would have made, folded as in production.

    Rules, folds and instances' names are as in the settings file, where there is one. --html
    writes the cards to FILE. Nothing is sent or kept.

    \b
    Exit code 0: all was read; 2: a fault, or a record or a file of rules could not be read.
    """
    from bot.cli.rules import backtest as tried
    from bot.cli.sweep import Tally

    by, tally = choose(config, folders), Tally()
    found = by.rules()
    minutes = fold_minutes or by.settings.fold_minutes
    alerts = tried.worse(tried.folded(paths, found, by.instances, minutes, tally), level)
    tried.show(alerts, tally, form)
    if page is not None:
        tried.write(alerts, by.instances, page)
    if found.refused or (tally.unreadable and not tolerate_unreadable):
        ctx.exit(2)


@rules.command(hidden=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Instead of docs/.")
def docs(out: Path | None) -> None:
    """Write docs/rules.md anew from our own rules."""
    from bot.cli.rules import page

    file = out or page.PAGE
    file.write_text(page.page(), encoding="utf-8")
    click.echo(f"Wrote {file}.")


@rules.command()
@click.argument("name")
@rules_option
@settings_option
def explain(name: str, folders: tuple[Path, ...], config: Path | None) -> None:
    """Say what NAME looks for, why, what to do then, and how it is tested."""
    from bot.cli.reports import plain
    from bot.cli.rules.explain import explained

    found = choose(config, folders).rules(name=name)
    for line in explained(found.correlation(name) or found.named(name)):
        click.echo(plain(line))


def summed_up(found: RuleSet) -> str:
    """How many there are, in the shadow and left out."""
    from bot.rulefacts import every, listed

    theirs = sum(not one.own for one in every(found))
    shadow = sum(one.shadow for one in every(found))
    silent = len(listed(found)) - len(every(found))
    more = f", and {silent} of yours that correlations only count" if silent else ""
    return (
        f"{_how_many(found)} ({theirs} of yours), {shadow} of them shadow{more}; "
        f"{len(found.refused)} file(s) refused."
    )


def _how_many(found: RuleSet) -> str:
    return f"{len(found)} rules and {len(found.correlations)} correlations"


def _kind(rule: Rule | Correlation) -> str:
    """How a correlation puts matches together; of a rule that it is one."""
    kind = getattr(rule, "kind", None)
    return str(kind) if kind else "rule"


def _told(rule: Rule | Correlation, found: RuleSet) -> dict[str, object]:
    from bot.rulefacts import counted_by

    return {
        "name": rule.name,
        "kind": _kind(rule),
        "level": rule.level.value,
        "status": rule.status,
        "shadow": rule.shadow,
        "counted_by": counted_by(rule, found),
        "own": rule.own,
        "title": rule.title,
        "tags": list(rule.tags),
        "tests": len(rule.tests),
        "file": str(rule.file),
    }


def _print_table(chosen: Sequence[Rule | Correlation], found: RuleSet) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bot.cli.reports import plain
    from bot.rulefacts import counted_by

    table = Table("Name", "Kind", "Level", "Status", "Tests", "Title")
    for rule in chosen:
        by = counted_by(rule, found)
        note = f" (only counted by {', '.join(by)})" if by else " (shadow)" if rule.shadow else ""
        status = f"{rule.status}{note}".strip()
        cells = (
            *(rule.name, _kind(rule), rule.level.value, status),
            *(str(len(rule.tests)), rule.title),
        )
        table.add_row(*(Text(plain(one)) for one in cells))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table)
