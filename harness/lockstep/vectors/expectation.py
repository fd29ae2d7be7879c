"""What a vector expects, and where a result is not that.

Invariant: success flag and error code are always compared; the digest and the post-state whenever
the vector gives them, the post-state field by field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.case.names import account_name
from lockstep.compare.outcomes import describe
from lockstep.published.codes import describe_code
from lockstep.published.document import Json, OutOfScopeError, given, integer, object_of
from lockstep.published.state import PublishedState, published_state
from lockstep.verdict import ABSENT, Difference
from lockstep_ledger.digest import state_digest
from lockstep_ledger.model import NATIVE, Account, State
from lockstep_ledger.outcome import Code


@dataclass(frozen=True, slots=True)
class Expectation:
    """The ``expected`` part; an empty digest and a post-state of None are not compared."""

    success: bool
    code: int
    digest: str
    post_state: PublishedState | None

    @property
    def not_implemented(self) -> bool:
        """Tell whether the vector expects that what it asks for is not implemented."""
        return self.code == Code.NOT_IMPLEMENTED


def expectation_of(document: Json) -> Expectation:
    """Return the expectation in ``document``. Raises ``OutOfScopeError``.

    Parts of the post-state that are not modelled matter, unless nothing is expected to happen.
    """
    record = object_of(document, "expected")
    success = record.get("success")
    if not isinstance(success, bool):
        raise OutOfScopeError("expected: success is neither true nor false")
    code = integer(record, "error_code", "expected")
    digest = given(record, "state_digest", "")
    if not isinstance(digest, str):
        raise OutOfScopeError("expected: state_digest is not a string")
    post_state = record.get("post_state")
    if post_state is not None:
        everything = code != Code.NOT_IMPLEMENTED
        post_state = published_state(post_state, "post_state", everything=everything)
    return Expectation(success, code, digest.lower(), post_state)


def unmet(expectation: Expectation, code: int, state: State | None) -> tuple[Difference, ...]:
    """Return where the result ``code`` and the ``state`` after it are not as expected.

    ``state`` is None where there is none to compare, as after a mere decoding.
    """
    return tuple(_unmet(expectation, code, state))


def _unmet(expectation: Expectation, code: int, state: State | None) -> Iterator[Difference]:
    if code != expectation.code:
        yield Difference("error_code", "", describe_code(expectation.code), describe_code(code))
    success = code == Code.SUCCESS
    if success is not expectation.success:
        yield Difference("success", "", str(expectation.success), str(success))
    if state is None:
        return
    if expectation.digest:
        digest = state_digest(state).hex()
        if digest != expectation.digest:
            yield Difference("state_digest", "", expectation.digest, digest)
    if expectation.post_state is not None:
        yield from _unmet_state(expectation.post_state, state)


def _unmet_state(expected: PublishedState, actual: State) -> Iterator[Difference]:
    left, right = expected.state, actual
    for field, key in (
        ("network_chain_id", "chain_id"),
        ("block_height", "height"),
        ("total_burned", "burned"),
        ("total_supply", "total_supply"),
        ("timestamp", "timestamp"),
    ):
        yield from _unequal(field, "", getattr(left.chain, key), getattr(right.chain, key))
    if expected.total_energy is not None:
        energy = sum(account.energy for account in right.accounts.values())
        yield from _unequal("total_energy", "", expected.total_energy, energy)
    for address in sorted(left.accounts.keys() | right.accounts.keys()):
        yield from _unmet_account(
            account_name(address), left.accounts.get(address), right.accounts.get(address)
        )


def _unmet_account(
    name: str, expected: Account | None, actual: Account | None
) -> Iterator[Difference]:
    if expected is None or actual is None:
        texts = (ABSENT if each is None else describe(each) for each in (expected, actual))
        yield Difference("account", name, *texts)
        return
    yield from _unequal("balance", name, expected.balance(NATIVE), actual.balance(NATIVE))
    for field in ("nonce", "frozen", "energy", "flags"):
        yield from _unequal(field, name, getattr(expected, field), getattr(actual, field))
    yield from _unequal("data", name, expected.data.hex(), actual.data.hex())


def _unequal(field: str, where: str, expected: object, actual: object) -> Iterator[Difference]:
    if expected != actual:
        yield Difference(field, where, str(expected), str(actual))
