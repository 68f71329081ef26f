"""Seeds as pure functions: each random choice has an address, and the address is its seed."""

from __future__ import annotations

import hashlib


def derive_seed(seed: int, *address: str | int, bits: int = 64) -> int:
    """A seed for the random choice at ``address``, below ``2**bits`` (at most 256 bits).

    The same on every machine and in every version of Python: SHA-256 of the address.
    """
    text = "\0".join(str(part) for part in (seed, *address))
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") >> (256 - bits)
