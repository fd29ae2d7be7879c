"""How alike two result codes are: a table of classes, and what a campaign is told to compare.

Invariant: every code has one class, and success is alone in its own. The table stands in
docs/real-nodes.md, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from lockstep.case.judging import Codes
from lockstep_ledger.outcome import Code

CLASSES: Mapping[str, tuple[Code, ...]] = {
    "success": (Code.SUCCESS,),
    "form": (
        Code.INVALID_FORMAT,
        Code.INVALID_TYPE,
        Code.INVALID_AMOUNT,
        Code.INVALID_PAYLOAD,
        Code.SELF_OPERATION,
        Code.NOT_IMPLEMENTED,
    ),
    "signature": (Code.INVALID_SIGNATURE,),
    "nonce": (Code.NONCE_TOO_LOW, Code.NONCE_TOO_HIGH),
    "funds": (
        Code.INSUFFICIENT_BALANCE,
        Code.INSUFFICIENT_FEE,
        Code.INSUFFICIENT_ENERGY,
        Code.OVERFLOW,
    ),
    "account": (Code.ACCOUNT_NOT_FOUND,),
}
"""The classes by name: what a transaction of that class has wrong."""

_CLASS_OF = {code: name for name, codes in CLASSES.items() for code in codes}


def class_of(code: Code) -> str:
    """Return the name of the class that ``code`` is in."""
    return _CLASS_OF[code]


def alike(one: Code, other: Code, codes: Codes) -> bool:
    """Tell whether two codes are the same as far as ``codes`` are compared."""
    match codes:
        case Codes.EXACT:
            return one is other
        case Codes.CLASS:
            return class_of(one) == class_of(other)
        case Codes.SUCCESS:
            return (one is Code.SUCCESS) == (other is Code.SUCCESS)
