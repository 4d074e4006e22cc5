"""`callwarden settings check`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import config_option
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.detection.rule import RuleSet
    from bot.routing import Route
    from bot.settings import RouteSettings, RulesSettings, Settings


@click.group()
def settings() -> None:
    """Check callwarden.toml and the environment."""


@settings.command()
@click.option("--no-slack", is_flag=True, help="Leave the Slack tokens out of it.")
@config_option
def check(config: Path, no_slack: bool) -> None:
    """Say everything that is wrong, where, and how to mend it. Exit 0 if nothing is."""
    from bot.model import Verb
    from bot.places import routes_of

    found, rules = _read(config, slack=not no_slack)
    click.echo(f"{config} is fine.")
    click.echo(f"  alerts go to {found.slack.channel}; the store is {found.database}")
    click.echo(f"  {len(found.source)} source(s), {len(found.instance)} instance(s) named")
    shadow = sum(one.shadow for one in (*rules, *rules.correlations))
    chains = f"{len(rules.correlations)} correlations"
    click.echo(f"  {len(rules)} rules and {chains}, {shadow} of them shadow")
    for one in rules.refused:
        click.echo(f"  note: {one.file} is left out: {one.reason}")
    for line in _routes(found, rules, routes_of(found)):
        click.echo(f"  {line}")
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
        wiring.read_rules(rules, config.resolve().parent, patient=False)
    except BadInput as fault:
        return [fault.sentence]
    return []


def _routes(found: Settings, rules: RuleSet, routes: Sequence[Route]) -> Iterator[str]:
    """What each route catches, a line each."""
    from bot.routing import carries

    for place, (written, route) in enumerate(zip(found.route, routes, strict=True), 1):
        yield f"route {place}: {_conditions(written)} → {route.channel}"
        tags = [one.tags for one in (*rules, *rules.correlations)]
        if route.tag and not any(carries(one, route.tag) for one in tags):
            yield f"note: no rule has the tag {route.tag}, so route {place} catches nothing yet"


def _conditions(route: RouteSettings) -> str:
    """The conditions of a route, as one reads them."""
    parts = {
        "instance {}": route.instance,
        "account {}": route.account,
        "level {} and worse": route.level,
        "levels {}": route.levels and " and ".join(route.levels),
        "tag {}": route.tag,
    }
    return ", ".join(words.format(value) for words, value in parts.items() if value)
