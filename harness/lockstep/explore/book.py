"""What every account of a scope holds after some moves in sequential order, and the next intent.

Transfers and nonce bumps are paid by energy, with fee 0; burns and multisig changes at the minimum
fee. A multisig move installs a configuration of one witness from outside the scope, or deletes the
one there is; the moves of its source in between carry the witness's signature.
Invariant: a move succeeds in sequential order unless its nonce is wrong, its amount exceeds or it
cannot pay its fee, and a failed move leaves the book as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from lockstep.case.values import Cosigner, Intent
from lockstep.explore.moves import Amount, Kind, Move, Nonce
from lockstep.generate.fees import estimated_fee
from lockstep_ledger.identities import NAMES, address_of
from lockstep_ledger.model import (
    COIN,
    NATIVE,
    Account,
    Address,
    Burn,
    FeeType,
    NonceBump,
    Payload,
    SetMultisig,
    Transfer,
    Transfers,
)

T = TypeVar("T")

ACCOUNTS: tuple[Address, ...] = tuple(map(address_of, NAMES[1:9]))
"""Who account number n is."""
WITNESS: Address = address_of(NAMES[9])
"""The only participant of every multisig configuration; sends and receives nothing."""
BALANCE = COIN
"""What every account has before the block."""


@dataclass(frozen=True, slots=True)
class Book:
    """Balances, nonces and whether a configuration is set, by account number."""

    balances: tuple[int, ...]
    nonces: tuple[int, ...]
    configured: tuple[bool, ...]

    @classmethod
    def opening(cls, accounts: int) -> Book:
        """Return the book before a block: all accounts alike."""
        return cls((BALANCE,) * accounts, (0,) * accounts, (False,) * accounts)

    def amounts(self, kind: Kind, source: int) -> tuple[Amount | None, ...]:
        """Return the amount classes that exist for ``source`` now and differ from each other.

        The smallest burn is 1, the smallest transfer 0.
        """
        if kind in (Kind.BUMP, Kind.MULTISIG):
            return (None,)
        smallest = 1 if kind is Kind.BURN else 0
        spendable = self._spendable(kind, source)
        found: list[Amount | None] = []
        if spendable // 2 >= smallest and spendable > 0:
            found.append(Amount.FITS)
        if spendable >= smallest:
            found.append(Amount.EXACT)
        return (*found, Amount.EXCEEDS)

    def succeeds(self, move: Move) -> bool:
        """Tell whether the move succeeds as the next one in sequential order."""
        return (
            move.nonce is Nonce.EXACT
            and move.amount is not Amount.EXCEEDS
            and self._spendable(move.kind, move.source) >= 0
        )

    def has_nonce(self, nonce: Nonce, source: int) -> bool:
        """Tell whether ``source`` can have such a nonce now: nothing comes before the first."""
        return self.nonces[source] + nonce.offset >= 0

    def after(self, move: Move) -> Book:
        """Return the book after the move."""
        if not self.succeeds(move):
            return self
        source, balances = move.source, list(self.balances)
        balances[source] -= self._fee(move.kind, source)
        if move.amount is not None:
            balances[source] -= self._total(move)
            for receiver, amount in zip(move.accounts[1:], self._parts(move), strict=True):
                balances[receiver] += amount
        after = replace(
            self,
            balances=tuple(balances),
            nonces=_changed(self.nonces, source, self.nonces[source] + 1),
        )
        if move.kind is not Kind.MULTISIG:
            return after
        return replace(after, configured=_changed(self.configured, source, not after.has(source)))

    def has(self, source: int) -> bool:
        """Tell whether an account has a multisig configuration."""
        return self.configured[source]

    def intent(self, move: Move, key: str) -> Intent:
        """Return the move as the transaction called ``key``, next in sequential order."""
        by_energy = move.kind in (Kind.TRANSFER, Kind.SPLIT, Kind.BUMP)
        return Intent(
            id=key,
            source=ACCOUNTS[move.source],
            payload=self._payload(move),
            nonce=self.nonces[move.source] + move.nonce.offset,
            fee=self._fee(move.kind, move.source),
            fee_type=FeeType.ENERGY if by_energy else FeeType.TOS,
            cosigners=(Cosigner(0, WITNESS),) if self.has(move.source) else None,
        )

    def _payload(self, move: Move) -> Payload:
        match move.kind:
            case Kind.TRANSFER | Kind.SPLIT:
                receivers = (ACCOUNTS[each] for each in move.accounts[1:])
                pairs = zip(receivers, self._parts(move), strict=True)
                return Transfers(tuple(Transfer(NATIVE, to, amount) for to, amount in pairs))
            case Kind.BURN:
                return Burn(NATIVE, self._total(move))
            case Kind.BUMP:
                return NonceBump()
            case Kind.MULTISIG:
                return self._change(move.source)

    def _change(self, source: int) -> SetMultisig:
        return SetMultisig(0, ()) if self.has(source) else SetMultisig(1, (WITNESS,))

    def _fee(self, kind: Kind, source: int) -> int:
        cosignatures = 1 if self.has(source) else None
        match kind:
            case Kind.BURN:
                return estimated_fee(Burn(NATIVE, 0), cosignatures)
            case Kind.MULTISIG:
                return estimated_fee(self._change(source), cosignatures)
            case _:
                return 0

    def _spendable(self, kind: Kind, source: int) -> int:
        return self.balances[source] - self._fee(kind, source)

    def _total(self, move: Move) -> int:
        spendable = self._spendable(move.kind, move.source)
        match move.amount:
            case Amount.FITS:
                return spendable // 2
            case Amount.EXACT:
                return spendable
            case _:
                return max(spendable, 0) + 1

    def _parts(self, move: Move) -> tuple[int, ...]:
        """Return what each receiver gets."""
        match move.kind:
            case Kind.TRANSFER:
                return (self._total(move),)
            case Kind.SPLIT:
                total = self._total(move)
                return (total // 2, total - total // 2)
            case _:
                return ()


def opening_account(energy: int) -> Account:
    """Return what every account is before the block."""
    return Account(0, {NATIVE: BALANCE}, energy=energy)


def _changed(values: tuple[T, ...], position: int, value: T) -> tuple[T, ...]:
    return (*values[:position], value, *values[position + 1 :])
