"""What the pack still owes to its lint, by name. A rule that is mended goes; none is added."""

from __future__ import annotations

FORGEABLE = frozenset({"instance_role_lists_account"})
"""A filter by the user agent alone is a way around them."""
