"""`callwarden settings check`."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli import config_option


@click.group()
def settings() -> None:
    """Check callwarden.toml and the environment."""


@settings.command()
@click.option("--no-slack", is_flag=True, help="Leave the Slack tokens out of it.")
@config_option
def check(config: Path, no_slack: bool) -> None:
    """Say everything that is wrong, where, and how to mend it. Exit 0 if nothing is."""
    from bot import wiring
    from bot.model import Verb
    from bot.settings import load

    found = load(config, slack=not no_slack)
    rules = wiring.read_rules(found)
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
