"""The form of a failure: what is left of a shrunk case without anything that could be otherwise.

Two failures of one form are one kind. Invariant: a form holds no amount, account, asset, position,
hash, command line or count; it says which field leads the differences, of whom, in which direction,
which check of a transaction was passed by or raised, and whether it takes a race.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import assert_never

from lockstep.case.names import UnknownNameError, address_named, asset_named
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.findings.finding import Settled
from lockstep.run.fingerprint import code_in, error_words, leading, short_name
from lockstep.run.result import Run
from lockstep.verdict import ABSENT, Difference
from lockstep_ledger.model import Account, Address, Asset, Burn, NonceBump, SetMultisig, Transfers

CHECKED = (
    "INVALID_FORMAT",
    "INVALID_TYPE",
    "ACCOUNT_NOT_FOUND",
    "INSUFFICIENT_FEE",
    "nonce",
    "INSUFFICIENT_ENERGY",
    "SELF_OPERATION",
    "INVALID_AMOUNT",
    "INVALID_PAYLOAD",
    "INVALID_SIGNATURE",
    "OVERFLOW",
    "INSUFFICIENT_BALANCE",
    "NOT_IMPLEMENTED",
    "SUCCESS",
)
"""Classes of codes, about in the order in which the rules check for them; success comes last."""

_CLASSES = {"NONCE_TOO_LOW": "nonce", "NONCE_TOO_HIGH": "nonce"}
_COUNTED: Mapping[str, Callable[[Account, Asset], int]] = {
    "modified_nonces": lambda account, _asset: account.nonce,
    "modified_balances": lambda account, asset: account.balance(asset),
    "modified_energies": lambda account, _asset: account.energy,
}
_PLACE = re.compile(r"( at \S+:#)?\)$")


def form_of(settled: Settled) -> str:
    """Return the form of a failure that was shrunk, as readable words."""
    run, case = settled.run, settled.reduced.case
    difference = leading(run)
    words = [run.verdict.value]
    if difference is None:
        return words[0]
    if settled.reduced.schedule:
        return " ".join([*words, "in a race:", difference.field])
    return " ".join([*words, *_difference_words(difference, case, run), *_payload_words(case)])


def kind_named(executor: str, form: str) -> str:
    """Return the short name of the kind of this ``form`` of what the user calls ``executor``."""
    return short_name("kind", executor, form)


def _difference_words(difference: Difference, case: Case, run: Run) -> Iterator[str]:
    field, where = difference.field, difference.where
    match field:
        case "receipts" | "rejection":
            yield field
            yield _check_words(code_in(difference.expected), code_in(difference.actual))
        case "executor":
            yield f"{where}: {error_words(difference)}"
        case "faults":
            yield _PLACE.sub("", error_words(difference).partition("fault at #: ")[2])
        case "order of steps":
            yield f"{field}: {difference.actual}"
        case "stored state" | "state seen":
            who, _, part = where.partition(" ")
            yield f"{field}: {part.partition(' ')[0] or 'account'}"
            yield f"of a {_role(who, case)} {_direction(difference, run)}"
        case "width":
            yield f"{field}: {where.partition(' ')[0]}"
        case _ if where and field in ("created", *_COUNTED, "modified_multisigs"):
            yield f"{field} of a {_role(where.partition(' ')[0], case)}"
            yield _direction(difference, run)
        case _:
            yield f"{field} {_direction(difference, run)}"


def _check_words(expected: str, actual: str) -> str:
    """Say which check is to blame: of two, the one that the rules make first decides."""
    left, right = (_CLASSES.get(each, each) for each in (expected, actual))
    if left == right:
        return "told in another way"
    if left not in CHECKED or right not in CHECKED:
        return f"{left} for {right}"
    if CHECKED.index(left) < CHECKED.index(right):
        return f"{left} passed by"
    return f"{right} raised"


def _direction(difference: Difference, run: Run) -> str:
    """Say on which side the executor is wrong; what is absent from changes has its old value."""
    left, right = difference.expected, difference.actual
    before = _before(difference, run)
    counts = [_count(text, before) for text in (left, right)]
    if None not in counts:
        expected, actual = (count or 0 for count in counts)
        if expected != actual:
            return "too much" if actual > expected else "too little"
    if left in (ABSENT, "None"):
        return "unwanted"
    return "missing" if right in (ABSENT, "None") else "wrong"


def _before(difference: Difference, run: Run) -> int | None:
    """Return the value before the block of what a difference in the changes is about."""
    count = _COUNTED.get(difference.field)
    if count is None or not run.blocks:
        return None
    who, _, what = difference.where.partition(" ")
    try:
        account = run.blocks[-1].before.accounts.get(address_named(who), Account())
        return count(account, asset_named(what) if what else b"")
    except UnknownNameError:
        return None


def _count(text: str, before: int | None) -> int | None:
    if text == ABSENT:
        return before
    return int(text) if re.fullmatch(r"-?\d{1,40}", text) else None


def _role(name: str, case: Case) -> str:
    """Return what an account is to the blocks of ``case``: the first that fits."""
    try:
        address = address_named(name)
    except UnknownNameError:
        return "chain" if name == "chain" else "stranger"
    for role, accounts in _roles(case):
        if address in accounts:
            return role
    return "bystander"


def _roles(case: Case) -> Iterator[tuple[str, set[Address]]]:
    blocks = [step for step in case.steps if isinstance(step, BlockStep)]
    intents = [each for block in blocks for each in block.transactions if isinstance(each, Intent)]
    yield "sender", {each.source for each in intents}
    payloads = [each.payload for each in intents]
    outputs = [out for each in payloads if isinstance(each, Transfers) for out in each.outputs]
    yield "receiver", {each.destination for each in outputs}
    rewards = [block.rewards for block in blocks if block.rewards is not None]
    paid = {block.fees_to for block in blocks if block.fees_to is not None}
    yield "rewarded one", paid | {each for pair in rewards for each in (pair.dev, pair.miner)}


def _payload_words(case: Case) -> Iterator[str]:
    """Name what a single transaction does that is neither a transfer nor a nonce bump.

    Of several, what the others do is mostly a matter of chance.
    """
    blocks = [step for step in case.steps if isinstance(step, BlockStep)]
    intents = [each for block in blocks for each in block.transactions]
    if len(intents) != 1:
        return
    [intent] = intents
    if not isinstance(intent, Intent):
        yield "by raw bytes"
        return
    match intent.payload:
        case Burn():
            yield "by a burn"
        case SetMultisig():
            yield "by a multisig change"
        case Transfers() | NonceBump():
            pass
        case unknown:
            assert_never(unknown)
