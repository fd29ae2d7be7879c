"""Stores that do what no store may, each in a way of its own."""

from __future__ import annotations

import os
import sys
import time
from typing import NoReturn

from lockstep_ledger.model import Account, Address, Asset, Chain, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.memory import MemoryStorage


class Right(MemoryStorage):
    """The store in memory, by another name."""


class NoStore:
    """Holds a state and does nothing with it."""

    def __init__(self, state: State) -> None:
        self.state = state


# What raises.


class Unopenable(MemoryStorage):
    def __init__(self, state: State) -> None:
        raise OSError("no such device")


class Uncloneable(MemoryStorage):
    def clone(self) -> NoReturn:
        raise OSError("no more handles")


class ExportRaises(MemoryStorage):
    def export(self) -> NoReturn:
        raise KeyError("alice")


class ReadRaises(MemoryStorage):
    def nonce(self, address: Address) -> NoReturn:
        raise OSError("a bad sector")


class MergeRaises(MemoryStorage):
    def merge(self, changes: Changes, topoheight: int) -> NoReturn:
        raise OSError("no space left")


class RewindRaises(MemoryStorage):
    def rewind(self, topoheight: int) -> NoReturn:
        raise OSError("the journal is gone")


class Exits(MemoryStorage):
    def export(self) -> NoReturn:
        sys.exit(0)


class Speechless(Exception):
    def __str__(self) -> NoReturn:
        raise ValueError("no words")


class RaisesSpeechless(MemoryStorage):
    def export(self) -> NoReturn:
        raise Speechless


class Recurses(MemoryStorage):
    def export(self) -> State:
        return self.export()


# What answers with something else.


class Unanswerable:
    """A value with which nothing can be done."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> NoReturn:
        raise RuntimeError("not to be compared")

    def __repr__(self) -> NoReturn:
        raise RuntimeError("not to be shown")


class NothingExported(MemoryStorage):
    def export(self) -> State:
        return None  # type: ignore[return-value]


class NoChain(MemoryStorage):
    def chain(self) -> Chain:
        return None  # type: ignore[return-value]


class NonceOfText(MemoryStorage):
    def nonce(self, address: Address) -> int:
        return "zero"  # type: ignore[return-value]


class UnanswerableNonce(MemoryStorage):
    def nonce(self, address: Address) -> int:
        return Unanswerable()  # type: ignore[return-value]


class BalanceTooLarge(MemoryStorage):
    def balance(self, address: Address, asset: Asset) -> int:
        return 2**70


class BalanceBelowZero(MemoryStorage):
    def balance(self, address: Address, asset: Asset) -> int:
        return -1


class TopoheightOfText(MemoryStorage):
    @property
    def topoheight(self) -> int:
        return "ten"  # type: ignore[return-value]


class GarbageExported(MemoryStorage):
    def export(self) -> State:
        odd = Account("x", {1: None}, 7, -3)  # type: ignore[arg-type,dict-item]
        return State(super().export().chain, {5: odd})  # type: ignore[dict-item]


class EverythingExists(MemoryStorage):
    def exists(self, address: Address) -> bool:
        return True


# What is never answered.


class OpeningHangs(MemoryStorage):
    def __init__(self, state: State) -> None:
        while True:
            pass


class ExportHangs(MemoryStorage):
    def export(self) -> NoReturn:
        while True:
            pass


class RewindHangs(MemoryStorage):
    def rewind(self, topoheight: int) -> None:
        time.sleep(1_000)


class MergeHangs(MemoryStorage):
    def merge(self, changes: Changes, topoheight: int) -> NoReturn:
        while True:
            pass


# What loses.


class LosesMerges(MemoryStorage):
    def merge(self, changes: Changes, topoheight: int) -> None:
        """Say that it is done."""


class MergeIsSilent(MemoryStorage):
    def merge(self, changes: Changes, topoheight: int) -> None:
        try:
            super().merge(changes, topoheight)
        except Exception:
            return


class NeverRewinds(MemoryStorage):
    def rewind(self, topoheight: int) -> None:
        """Say that it is done."""


class LosesNonces(MemoryStorage):
    def merge(self, changes: Changes, topoheight: int) -> None:
        super().merge(changes, topoheight)
        for address in changes.modified_nonces:
            self._versions.nonces[address][-1] = (topoheight, 0)


class EndsTheProcess(MemoryStorage):
    def rewind(self, topoheight: int) -> NoReturn:
        os._exit(7)
