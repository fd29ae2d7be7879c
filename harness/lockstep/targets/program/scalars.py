"""Numbers and bytes as the contract writes them: u64 in decimal strings, bytes in hex.

Invariant: what is read lies inside its width or is a ``ContractError``; nothing is rounded or cut.
"""

from __future__ import annotations

from lockstep.targets.program.ledger_messages import U64, Hex, Sum
from lockstep_ledger.model import ADDRESS_LENGTH, U64_MAX


class ContractError(ValueError):
    """A message that decodes as JSON and still says something the contract does not allow."""


U128_MAX = 2**128 - 1


def read_u64(value: U64) -> int:
    """Return the number that is written as a decimal string or a JSON number."""
    return _number(value, U64_MAX)


def read_sum(value: Sum) -> int:
    """Return a sum of u64 values, which may be wider than they are: it has up to 128 bits."""
    return _number(value, U128_MAX)


def _number(value: U64, maximum: int) -> int:
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit()) or (value[0] == "0" and len(value) > 1):
            raise ContractError(f"{value[:40]!r} is no decimal number")
        if len(value) > len(str(maximum)):
            raise ContractError(f"a number of {len(value)} digits is outside 0..{maximum}")
        value = int(value)
    if not 0 <= value <= maximum:
        raise ContractError(f"{value} is outside 0..{maximum}")
    return value


def read_bytes(text: Hex) -> bytes:
    """Return the bytes written in hex, two digits each, upper or lower case."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise ContractError(f"{text[:40]!r} is not written in hex") from None
    if 2 * len(data) != len(text):
        raise ContractError(f"{text[:40]!r} has spaces between its hex digits")
    return data


def read_key(text: Hex) -> bytes:
    """Return the 32 bytes of an address, an asset or a hash."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise ContractError(f"{text[:70]!r} is not written in hex") from None
    if len(data) != ADDRESS_LENGTH or len(text) != 2 * ADDRESS_LENGTH:
        raise ContractError(f"{text[:70]!r} is not {ADDRESS_LENGTH} bytes in hex")
    return data
