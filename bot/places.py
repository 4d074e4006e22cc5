"""What the settings name, in the words of the core: routes, channels, and what a source may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.health import Patience
from bot.model import Finding
from bot.routing import Route, router
from bot.settings import Settings


def routes_of(settings: Settings) -> tuple[Route, ...]:
    """The settings' routes, with the ids of the instances that they name."""
    return tuple(
        Route(
            channel=route.channel,
            instances=frozenset(
                one.id for one in settings.instance if route.instance in (one.id, one.name)
            ),
            account=route.account or "",
            level=route.level,
            levels=frozenset(route.levels or ()),
            tag=route.tag or "",
        )
        for route in settings.route
    )


def channel_of(settings: Settings) -> Callable[[Finding], str]:
    """finding → the channel its alert goes to."""
    own = {instance.id: instance.channel for instance in settings.instance if instance.channel}
    return router(routes_of(settings), own, settings.slack.channel)


def channels_of(settings: Settings) -> Mapping[str, str]:
    """Every channel that the settings name → the first place that names it."""
    named = [(settings.slack.channel, "[slack] channel")]
    for place, instance in enumerate(settings.instance, 1):
        named.append((instance.channel or "", f"[[instance]] {place}, channel"))
    for place, route in enumerate(settings.route, 1):
        named.append((route.channel, f"[[route]] {place}, channel"))
    found: dict[str, str] = {}
    for channel, where in (*named, *_receivers(settings, "channel")):
        if channel:
            found.setdefault(channel, where)
    return found


def called_in(settings: Settings) -> Mapping[str, str]:
    """Every person and user group that a step calls → the first place that names it."""
    both = (*_receivers(settings, "user"), *_receivers(settings, "group"))
    return dict(reversed(both))


def _receivers(settings: Settings, kind: str) -> list[tuple[str, str]]:
    """(id, where) of the receivers of one kind in `[[escalate]]`."""
    return [
        (receiver.removeprefix(f"{kind}:"), f"[[escalate]] {place}, to")
        for place, step in enumerate(settings.escalate, 1)
        for receiver in step.to
        if receiver.startswith(f"{kind}:")
    ]


def patience_of(settings: Settings) -> Mapping[str, Patience]:
    """A source's name → how long it may be silent and late."""
    return {
        one.called: Patience(quiet=one.quiet_minutes, late=one.late_minutes)
        for one in settings.source
    }
