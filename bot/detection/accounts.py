"""Whose something is: the account that a record is about, and those that its ARNs name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from bot.detection.document import Document, part, word

_OWNER = re.compile(r"^(?:arn:[^:]*:[^:]*:[^:]*:)?(\d{12})(?=[:/.]|$)")
"""An ARN, a bare account, or what Lambda and ECR take in an ARN's place (`ACCOUNT:function:NAME`,
`ACCOUNT.dkr.ecr…`). An account's number in any other place of an ARN is a mere name."""

# fmt: off
_AMAZON = frozenset({
    # Who publishes Lambda Insights, Powertools and OpenTelemetry for Lambda.
    "580247275435", "017000801446", "901920570463",
    # Who writes the logs of load balancers, a Region each (documentation of Elastic Load Balancing,
    # "Enable access logs").
    "127311923021", "033677994240", "027434742980", "797873946194", "098369216593",
    "754344448648", "589379963580", "718504428378", "383597477331", "600734575887",
    "114774131450", "783225319266", "582318560864", "985666609251", "054676820928",
    "156460612806", "652711504416", "635631232127", "009996457667", "897822967062",
    "076674570225", "507241528517",
})
# fmt: on
"""Accounts of Amazon's that nobody else can act as."""


def own_account(document: Document) -> str:
    """The account that the record is about, else its caller's; "" where neither is named."""
    return word(document, "recipientAccountId") or word(part(document, "userIdentity"), "accountId")


def account_in(name: str) -> str:
    """The account that owns what *name* names, "" where it names none. A URL's escapes are read."""
    found = _OWNER.match(unquote(name) if "%" in name else name)
    return found[1] if found else ""


def is_strange(account: str, own: str) -> bool:
    """Whether *account* is neither the *own* nor one that only Amazon can act as."""
    return account != own and account not in _AMAZON


def foreign(document: Document, names: Iterable[object]) -> Iterator[str]:
    """Those of *names* that belong to a strange account."""
    own = own_account(document)
    for name in names:
        account = account_in(str(name))
        if account and is_strange(account, own):
            yield str(name)
