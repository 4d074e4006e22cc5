"""`callwarden settings check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import config_option
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.detection.rule import RuleSet
    from bot.settings import RulesSettings, Settings


@click.group()
def settings() -> None:
    """Check callwarden.toml and the environment."""


@settings.command()
@click.option("--no-slack", is_flag=True, help="Leave the Slack tokens out of it.")
@config_option
def check(config: Path, no_slack: bool) -> None:
    """Say everything that is wrong, where, and how to mend it. Exit 0 if nothing is."""
    from bot.model import Verb

    found, rules = _read(config, slack=not no_slack)
    click.echo(f"{config} is fine.")
    click.echo(f"  alerts go to {found.slack.channel}; the store is {found.database}")
    click.echo(f"  {len(found.source)} source(s), {len(found.instance)} instance(s) named")
    click.echo(f"  {len(rules.rules)} rules")
    if not found.source:
        click.echo("  note: without a [[source]] no record will ever arrive")
    if not found.paging.sns_topic:
        click.echo("  note: nobody is woken (no sns_topic under [paging])")
    for verb in Verb:
        if verb not in found.people:
            click.echo(f"  note: nobody may {verb} (no [people.{verb}])")


def _read(config: Path, *, slack: bool) -> tuple[Settings, RuleSet]:
    """The settings and their rules. Raises BadInput with everything wrong in either."""
    from bot import wiring
    from bot.settings import SettingsWrong, load

    try:
        found = load(config, slack=slack)
    except SettingsWrong as wrong:
        faults = [wrong.sentence, *_rule_faults(wrong.rules, config)]
        raise BadInput("\n".join(faults), where=wrong.where) from wrong
    return found, wiring.read_rules(found.rules, found.home)


def _rule_faults(rules: RulesSettings, config: Path) -> list[str]:
    from bot import wiring

    try:
        wiring.read_rules(rules, config.resolve().parent)
    except BadInput as fault:
        return [fault.sentence]
    return []
