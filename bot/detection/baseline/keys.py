"""Keys of evidence: 64 bits that are the same in every process and on every machine."""

from __future__ import annotations

from hashlib import blake2b


def key(*parts: str) -> int:
    """A signed 64-bit number for *parts*: SQLite's integers are signed."""
    # Lengths first, so that ("ab", "c") and ("a", "bc") differ.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
