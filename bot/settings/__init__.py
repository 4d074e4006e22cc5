"""callwarden.toml and the environment become one frozen `Settings`; all faults come at once.

What is not secret stands in the file; what is comes from the environment. An unknown key is a
fault: a misspelt setting that is silently ignored is worse than a start that fails.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from bot.settings.checks import check_environment, check_whole, rules_named
from bot.settings.faults import HINTS, SettingFault, SettingsWrong
from bot.settings.reading import walk
from bot.settings.tables import (
    LOOKUP_EVENTS,
    EscalateSettings,
    InstanceSettings,
    PagingSettings,
    QuietSettings,
    RouteSettings,
    RulesSettings,
    Secret,
    Settings,
    SourceSettings,
)

__all__ = [
    "HINTS",
    "LOOKUP_EVENTS",
    "EscalateSettings",
    "InstanceSettings",
    "PagingSettings",
    "QuietSettings",
    "RouteSettings",
    "RulesSettings",
    "Secret",
    "SettingFault",
    "Settings",
    "SettingsWrong",
    "SourceSettings",
    "load",
]


def load(file: Path, environ: Mapping[str, str] | None = None, *, slack: bool = True) -> Settings:
    """Read *file* and the environment.

    *slack* false is for commands that never speak to Slack: missing tokens are then no fault.
    Raises SettingsWrong with every fault found.
    """
    environ = os.environ if environ is None else environ
    faults: list[SettingFault] = []
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        mend = "Write it (README, step 7) or name another with -c."
        raise SettingsWrong(file, [SettingFault("file", "There is no such file.", mend)]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fault = SettingFault("file", f"It cannot be read: {error}.", "Mend the line it names.")
        raise SettingsWrong(file, [fault]) from error
    kept = walk(Settings, data, "", faults)
    kept["home"] = file.resolve().parent
    kept["bot_token"] = Secret(environ.get("SLACK_BOT_TOKEN", "").strip())
    kept["app_token"] = Secret(environ.get("SLACK_APP_TOKEN", "").strip())
    kept["api_url"] = environ.get("SLACK_API_BASE_URL", "") or "https://slack.com/api/"
    check_whole(kept, data, faults)
    if slack:
        check_environment(kept, faults)
    if faults:
        raise SettingsWrong(file, faults, rules_named(kept["home"], data))
    return Settings(**kept)
