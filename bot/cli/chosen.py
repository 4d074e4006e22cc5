"""Which rules a command on this machine judges by: as the settings have them, where there are any.

`run` reads the same tables; what is tried here is what would be on there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.model import counted

if TYPE_CHECKING:
    from bot.detection.engine import Engine
    from bot.detection.rule import RuleSet
    from bot.model import LeftOut
    from bot.settings import RulesSettings

rules_option = click.option(
    "--rules",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A folder of your own Sigma rules beside ours and those of the settings; may be repeated.",
)


@dataclass(frozen=True)
class Chosen:
    """Ours and the rules in *folders*, as *settings* change them. *instances* are Connect instance
    id → the name people use. *file* is where the settings come from, None where nothing is set."""

    folders: tuple[Path, ...]
    settings: RulesSettings
    instances: Mapping[str, str]
    file: Path | None

    def rules(self, *, name: str | None = None) -> RuleSet:
        """All of them; those that are disabled are left out but for the one called *name*, which
        somebody asks for.

        A file of *folders* that cannot be used is left out, named in the set and on standard
        error. Raises BadInput with everything else that is wrong.
        """
        found = self._read(name)
        say_refused(found.refused)
        if name in self.settings.disabled:
            click.echo(f"{name} is disabled in {self.file}.", err=True)
        return found

    def engine(self) -> Engine:
        """What judges by them; silent of what is refused, as every process makes its own."""
        from bot.detection import heap
        from bot.detection.engine import Engine

        engine = Engine(self._read(), instances=self.instances)
        heap.keep()
        return engine

    def _read(self, name: str | None = None) -> RuleSet:
        from bot.detection import sigma

        return sigma.load(
            self.folders,
            disabled=[one for one in self.settings.disabled if one != name],
            override=self.settings.override,
            patient=True,
        )


def choose(file: Path | None, folders: Sequence[Path]) -> Chosen:
    """What the settings in *file* name, and *folders* beside it; without a file, ours and these.

    Says on standard error which settings are used. Raises SettingsWrong where *file* is.
    """
    from bot.settings import RulesSettings, load

    if file is None:
        return Chosen(tuple(folders), RulesSettings(), {}, None)
    from bot.wiring import names_of

    settings = load(file, slack=False)
    rules = settings.rules
    click.echo(
        f"Rules are as {file} has them: {counted(len(rules.folders), 'folder')} beside ours, "
        f"{len(rules.disabled)} disabled, {len(rules.override)} overridden.",
        err=True,
    )
    # Twice in one folder, every rule of it would be refused as one whose name is taken.
    every = {one.resolve(): one for one in (*map(settings.beside, rules.folders), *folders)}
    return Chosen(tuple(every.values()), rules, names_of(settings), file)


def say_refused(refused: Sequence[LeftOut]) -> None:
    """What was left out, on standard error, so that a program's JSON stays JSON."""
    from bot.cli.reports import plain

    for one in refused:
        click.echo(plain(f"REFUSED {one.file}: {one.reason}"), err=True)
