"""The limits of co-signatures: exactly the threshold, each of a participant that there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockstep.case.values import Cosigner, Intent
from lockstep.generate.accounts import Terms
from lockstep.generate.limits.limit import RICH, Limit, Spot, with_account
from lockstep.generate.limits.payloads import MOST_PARTICIPANTS, strangers
from lockstep_ledger.identities import SEEDS, address_of
from lockstep_ledger.model import NATIVE, Account, Address, Multisig

MOST_SIGNERS = len(SEEDS) - 1
"""As many as there are identities besides the sender."""


def _signers(threshold: int) -> Callable[[Spot], Intent]:
    """Return what is co-signed by one less or one more than the threshold."""

    def aim(spot: Spot) -> Intent:
        signers = (*_known(spot.sender), *strangers(1))[: threshold + spot.beside]
        cosigners = (Cosigner(number, signer) for number, signer in enumerate(signers))
        return spot.intent(spot.plain, tuple(cosigners))

    return aim


def _signer_id(spot: Spot) -> Intent:
    """Return what the last participant co-signs, the one before, or one beyond."""
    number = MOST_PARTICIPANTS - 1 + spot.beside
    signer = (*strangers(1), *_known(spot.sender), spot.sender)[number]
    return spot.intent(spot.plain, (Cosigner(number, signer),))


def _known(sender: Address) -> list[Address]:
    """Return everybody else who can sign."""
    return [each for each in map(address_of, SEEDS) if each != sender]


def _configured(
    threshold: int, participants: Callable[[Address], Sequence[Address]]
) -> Callable[[Terms, Address, int], Terms]:
    def prepare(terms: Terms, sender: Address, _beside: int) -> Terms:
        config = Multisig(threshold, tuple(participants(sender)))
        return with_account(terms, sender, Account(0, {NATIVE: RICH}, config))

    return prepare


_NEEDS = ("configurations", "flaws")

SIGNERS = (
    Limit("few signers", _signers(2), _configured(2, lambda sender: _known(sender)[:3]), _NEEDS),
    Limit(
        "most signers",
        _signers(MOST_SIGNERS),
        _configured(MOST_SIGNERS, lambda sender: [*_known(sender), *strangers(1)]),
        _NEEDS,
    ),
    Limit(
        "signer id",
        _signer_id,
        _configured(1, lambda sender: [*strangers(1), *_known(sender)]),
        _NEEDS,
    ),
)
