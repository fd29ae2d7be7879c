"""One seed, split by purpose: every random choice of a campaign comes from here.

Invariant: the stream for a purpose depends on the seed and the words alone, on no clock, hash
order, process or global state.
"""

from __future__ import annotations

from random import Random

from blake3 import blake3


def stream(seed: str, *purpose: str | int) -> Random:
    """Return the random stream of ``purpose`` under ``seed``, which may be any text at all."""
    text = "\x1f".join((seed, *(str(word) for word in purpose)))
    return Random(blake3(text.encode(errors="surrogatepass")).digest())
