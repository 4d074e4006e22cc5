"""`callwarden manifest`."""

from __future__ import annotations

import click


@click.command()
def manifest() -> None:
    """Print the Slack app manifest, to paste at api.slack.com/apps → From a manifest."""
    from bot.manifest import text

    click.echo(text(), nl=False)
