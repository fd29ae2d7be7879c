"""A small scope: every block of up to so many transactions over so many accounts, in fixed order.

One block stands for all that differ from it by the names of accounts only: a block names account
n + 1 first after it has named account n, and all accounts are alike before it. So a scope holds
exactly the blocks

- of 0 to ``transactions`` moves of the given kinds: transfer (source to another account), split
  (one transaction to two other accounts), burn, nonce bump, and setting or deleting a multisig;
- whose amounts are each below, exactly or one above what the source can spend at that point of the
  sequential order (a class that does not differ from another, as below nothing, is left out);
- whose nonces are the expected ones there or, if the scope has them, the one used last (duplicate)
  or the one after the expected one (skipped), with the first amount of the class that exists; in
  sequential order a failing move is skipped, so the next of its source has the same nonce, under
  either policy;
- under each of the policies, with no rewards and vanishing fees.

All accounts exist, hold one coin of the native asset and nothing else, and have energy for every
transaction. Outside the scope are wrong signatures, other assets, accounts that do not exist,
rewards and fee credits: campaigns sample those. Over three accounts two transfers always share one,
so the default has four, and 1,912 blocks; all kinds over three accounts give 20,651.
Invariant: the order of the blocks is fixed by the scope; no two are equal up to renaming.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lockstep.case.values import BlockStep, Case, Intent
from lockstep.explore.book import ACCOUNTS, Book, opening_account
from lockstep.explore.moves import NONCES, SELECTIONS, Kind, Move, Moves, Nonce
from lockstep_ledger.model import Chain, Policy, State

MOST_TRANSACTIONS = 6
FEWEST_ACCOUNTS, MOST_ACCOUNTS = 2, len(ACCOUNTS)

Candidate = tuple[Moves, Policy]
"""One block of a scope."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is enumerated."""

    transactions: int = 3
    accounts: int = 4
    kinds: tuple[Kind, ...] = SELECTIONS["transfers"]
    policies: tuple[Policy, ...] = (Policy.SKIP,)
    nonces: tuple[Nonce, ...] = NONCES["exact"]

    def blocks(self) -> Iterator[Candidate]:
        """Give every block: the shorter first, then in the order of their moves."""
        for length in range(self.transactions + 1):
            for moves in self._continued((), Book.opening(self.accounts), 0, length):
                for policy in self.policies:
                    yield moves, policy

    def count(self) -> int:
        """Count the blocks."""
        return sum(1 for _ in self.blocks())

    def block(self, number: int) -> Candidate:
        """Return block ``number``, counted from 0."""
        return next(islice(self.blocks(), number, None))

    def case(self, candidate: Candidate) -> Case:
        """Return the case of a block: its transactions are t0, t1 and so on."""
        moves, policy = candidate
        book = Book.opening(self.accounts)
        intents: list[Intent] = []
        for number, move in enumerate(moves):
            intents.append(book.intent(move, f"t{number}"))
            book = book.after(move)
        account = opening_account(energy=self.transactions)
        state = State(Chain(), dict.fromkeys(ACCOUNTS[: self.accounts], account))
        return Case(state, (BlockStep(tuple(intents), policy),))

    def _continued(self, moves: Moves, book: Book, known: int, length: int) -> Iterator[Moves]:
        """Give the blocks of this length that begin with ``moves``, naming ``known`` accounts."""
        if len(moves) == length:
            yield moves
            return
        for move in self._next(book, known):
            named = max(known, *(account + 1 for account in move.accounts))
            yield from self._continued((*moves, move), book.after(move), named, length)

    def _next(self, book: Book, known: int) -> Iterator[Move]:
        for kind in self.kinds:
            for accounts in self._namings(kind.arity, (), known):
                amounts = book.amounts(kind, accounts[0])
                for nonce in self.nonces:
                    if not book.has_nonce(nonce, accounts[0]):
                        continue
                    for amount in amounts if nonce is Nonce.EXACT else amounts[:1]:
                        yield Move(kind, accounts, amount, nonce)

    def _namings(
        self, arity: int, chosen: tuple[int, ...], known: int
    ) -> Iterator[tuple[int, ...]]:
        """Give the ways to name different accounts, a new one only as the next number."""
        if len(chosen) == arity:
            yield chosen
            return
        for account in range(min(known + 1, self.accounts)):
            if account not in chosen:
                yield from self._namings(arity, (*chosen, account), max(known, account + 1))
