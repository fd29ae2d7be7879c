"""Holds what a labu server says of a block against what the reference says.

Invariant: error code, success, exported state and digest are compared whenever they are there, and
what is not compared has a word in ``not_compared``: it never passes for agreement.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.case.judging import EXACTLY, Codes, Judging
from lockstep.compare.codes import alike
from lockstep.compare.left_out import still_different
from lockstep.compare.states import compare_states
from lockstep.published.codes import describe_code
from lockstep.targets.labu.conversation import Result
from lockstep.targets.labu.documents import expressible
from lockstep.verdict import Difference
from lockstep_ledger.digest import state_digest
from lockstep_ledger.model import NATIVE, State
from lockstep_ledger.outcome import Code, Outcome

RECEIPTS = "receipts of single transactions"
"""A block has one code; labu tells neither gas nor hashes nor which transaction failed."""

DIGEST = "state digest, which was not given"
MULTISIGS = "multisig configurations"
ASSETS = "balances of other assets"
REWINDS = "rewinds: the older state was loaded anew"


def differences(
    expected: Outcome, after: State, result: Result, exported: State, judging: Judging = EXACTLY
) -> tuple[Difference, ...]:
    """Return where the server's answers are not the oracle's, as far as they are compared."""
    return still_different(_differences(expected, after, result, exported, judging), judging)


def not_compared(after: State, result: Result) -> Iterator[str]:
    """Yield, in words, what the server's answers left out."""
    yield RECEIPTS
    if result.digest is None:
        yield DIGEST
    if any(account.multisig is not None for account in after.accounts.values()):
        yield MULTISIGS
    if any(account.balances.keys() - {NATIVE} for account in after.accounts.values()):
        yield ASSETS


def _differences(
    expected: Outcome, after: State, result: Result, exported: State, judging: Judging
) -> Iterator[Difference]:
    code = Code.SUCCESS if expected.rejection is None else expected.rejection.code
    if not _alike(code, result.code, judging.codes):
        yield Difference("error_code", "", describe_code(code), describe_code(result.code))
    success = code is Code.SUCCESS
    if result.success is not success:
        yield Difference("success", "", str(success), str(result.success))
    yield from compare_states(expressible(after), exported)
    # A digest that is right for a wrong state says nothing that the state does not.
    digest, of_exported = state_digest(after).hex(), state_digest(exported).hex()
    if result.digest not in (None, digest, of_exported) and not judging.ignored:
        yield Difference("state_digest", "", digest, str(result.digest))


def _alike(expected: Code, told: int, codes: Codes) -> bool:
    """Compare a code with a number, which may be none that we know: then it is some failure's."""
    if told in Code.__members__.values():
        return alike(expected, Code(told), codes)
    return codes is Codes.SUCCESS and expected is not Code.SUCCESS
