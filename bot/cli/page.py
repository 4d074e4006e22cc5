"""`callwarden page test`."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli import config_option


@click.group()
def page() -> None:
    """Pages: what wakes people when Slack does not."""


@page.command()
@config_option
def test(config: Path) -> None:
    """Publish a test page to the topic of the settings. Exit 0 if SNS took it, else 2.

    It goes out at once and is not in the ledger, which only the running bot writes.
    """
    from bot import paging, wiring
    from bot.errors import BadInput
    from bot.settings import load

    topic = wiring.topic_of(load(config, slack=False))
    if topic is None:
        raise BadInput(
            f"No paging topic is set in {config}: nobody is woken. Set sns_topic under [paging].",
            where="paging.sns_topic",
        )
    trial = paging.trial(wiring.SystemClock().now())
    topic.publish(trial)
    click.echo(f"SNS took a test page for {topic.arn}:")
    click.echo(f"  {trial.title}")
    click.echo(f"  {trial.text}")
    click.echo("Whoever subscribes there should have it within a minute. Nobody? Look at the")
    click.echo("topic's subscriptions: each must be confirmed, and its filter must let it through.")
