"""The smallest fee the chain asks, as a sender's wallet would estimate it.

The generator aims at this value and beside it; whether it is right is for the executors to say.
"""

from __future__ import annotations

from typing import assert_never

from lockstep_ledger.model import Burn, NonceBump, Payload, SetMultisig, Transfers

_FIXED_SIZE = 35 + 57 + 1 + 64
_OUTPUT_SIZE = 73


def estimated_fee(payload: Payload, cosignatures: int | None) -> int:
    """Return the estimated minimum fee; ``cosignatures`` None means no multisig part."""
    match payload:
        case Transfers(outputs):
            extra = sum(2 + len(each.extra_data) for each in outputs if each.extra_data is not None)
            size, transfers = 2 + _OUTPUT_SIZE * len(outputs) + extra, len(outputs)
        case Burn():
            size, transfers = 40, 0
        case SetMultisig(0, ()):
            size, transfers = 1, 0
        case SetMultisig(_, participants):
            size, transfers = 2 + 32 * len(participants), 0
        case NonceBump():
            size, transfers = 2 + _OUTPUT_SIZE, 1
        case unknown:
            assert_never(unknown)
    size += _FIXED_SIZE + (0 if cosignatures is None else 1 + 65 * cosignatures)
    return -(-size // 1024) * 10_000 + transfers * 5_000 + (cosignatures or 0) * 5_000
