"""The `callwarden` command. Each subcommand's module is imported only when it is asked for."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from pathlib import Path

import click
from click.core import ParameterSource

from bot import __version__
from bot.errors import Fault

COMMANDS = {
    "baseline": "Show, forget or export what is usual for whom.",
    "bench": "Measure: accuracy, baseline, clicks, crash, latency, peers, scan, start, storm.",
    "demo": "A Slack workspace and a day's story on this machine; no accounts needed.",
    "ledger": "Verify or export the record of every decision.",
    "manifest": "Print the Slack app manifest.",
    "page": "Send a test page to whoever is woken.",
    "rules": "List, test, lint, explain and try the detection rules.",
    "run": "Run the bot: take records in, post alerts, answer people.",
    "scan": "Read folders of CloudTrail files and show findings; no Slack needed.",
    "settings": "Check callwarden.toml and the environment.",
}
"""Name → what it is for. The command object is `bot.cli.<name>.<name>`."""

SETTINGS = Path("callwarden.toml")
"""The settings file where nobody names another."""


class Lazy(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every subcommand, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"bot.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for --help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=SETTINGS,
    envvar="CALLWARDEN_CONFIG",
    show_default=True,
    help="The settings file.",
)
@click.version_option(__version__, prog_name="callwarden")
@click.pass_context
def cli(ctx: click.Context, config: Path) -> None:
    """Callwarden watches an Amazon Connect contact centre and lets its people decide in Slack."""
    ctx.obj = config


def _named(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path:
    return value if value is not None else ctx.ensure_object(Path)


config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_named,
    help="The settings file; may also stand before the command.",
)
"""For commands that read settings: `callwarden -c FILE run` and `callwarden run -c FILE`."""


def _there(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    if value is not None:
        return value
    file = ctx.find_object(Path)
    source = ctx.find_root().get_parameter_source("config")
    named = source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    return file if file is not None and (named or file.is_file()) else None


settings_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_there,
    help="The settings file, also before the command; callwarden.toml where it is there.",
)
"""For commands that use settings and do without: None where no file is named and none is there."""


def main() -> None:
    """Run the command. A known fault is one sentence on stderr and exit status 2.

    A bug also ends with 2, after its traceback: 1 has a meaning of its own in several commands.
    """
    try:
        status = cli(prog_name="callwarden", standalone_mode=False)
    except Fault as error:
        click.echo(error.sentence, err=True)
    except click.ClickException as error:
        error.show()
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except Exception:  # noqa: BLE001 - shown whole; only the exit status is ours
        traceback.print_exc()
    else:
        # click hands back what a command gave to ctx.exit; everything else is no status.
        sys.exit(status if isinstance(status, int) else 0)
    sys.exit(2)
