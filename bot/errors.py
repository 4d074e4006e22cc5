"""What can go wrong, as one tree.

    Fault                     anything we can name; carries the sentence a person reads
    ├── BadInput              what was typed or set is wrong; says where and how to mend it
    ├── NotAllowed            this person may not do this
    ├── Conflict(first)       somebody else was first; says who and when
    ├── Unavailable           the other side did not answer; may be tried again
    └── Refused(api, code)    the other side said no; trying again will not help

Anything else is a bug: it is shown with an id that is also in the log.
"""

from __future__ import annotations


class Fault(Exception):
    """A known fault. `str(fault)` is the sentence for the user: what happened and what to do."""

    @property
    def sentence(self) -> str:
        """The plain sentence shown to a person."""
        return str(self)


class BadInput(Fault):
    """Input that cannot be used. *where* names the field, file or setting at fault."""

    def __init__(self, sentence: str, *, where: str = "") -> None:
        super().__init__(sentence)
        self.where = where


class NotAllowed(Fault):
    """The person may not do this; the sentence says why and who may."""


class Conflict(Fault):
    """Somebody was first. *first* names who and when, ready to be shown."""

    def __init__(self, sentence: str, *, first: str) -> None:
        super().__init__(sentence)
        self.first = first


class Unavailable(Fault):
    """No usable answer came. *retry_after* is seconds, when the other side named them.

    *ambiguous* is true where the request may have been carried out all the same.
    """

    def __init__(
        self, sentence: str, *, retry_after: float | None = None, ambiguous: bool = False
    ) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        self.ambiguous = ambiguous


class Refused(Fault):
    """*api* answered with the error *code*, and would again."""

    def __init__(self, api: str, code: str, sentence: str = "") -> None:
        super().__init__(sentence or f"{api} answered: {code}.")
        self.api = api
        self.code = code
