"""A life of one store, from the making of its database to its last block, and what may be wrong.

Invariant: every step is done or not done, so at any moment the database holds what is ``expected``
after the steps that were done, or after one more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias, TypeVar

from rocksdict import DBRecoveryMode, Options, WriteBatch, WriteOptions

from lockstep_ledger.model import NATIVE, Account, Chain, Multisig, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage import engine, making, opening
from lockstep_ledger.storage.engine import Engine
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import OwnedStorage, StorageError
from lockstep_ledger.storage.rocksdb import Database, RocksStorage

ACCOUNTS = [bytes([number]) * 32 for number in range(1, 9)]
STATE = State(Chain(), {address: Account(3, {NATIVE: 1000}) for address in ACCOUNTS})
LARGE = Multisig(1, tuple(bytes([number]) * 32 for number in range(255)))
BLOCKS = 9

Step: TypeAlias = Callable[[OwnedStorage], None]
Opened = TypeVar("Opened")
Found: TypeAlias = tuple[int, State] | None
"""The topoheight and the state of the store, None where there is none."""


def block(number: int) -> Step:
    """Return the merge of block ``number``: some 24 KB, so that three of them fill the memory."""
    rotated = [ACCOUNTS[(number + other) % len(ACCOUNTS)] for other in range(3)]
    changes = Changes(
        modified_nonces={rotated[0]: 100 + number},
        modified_balances={(each, NATIVE): number for each in ACCOUNTS},
        modified_multisigs=dict.fromkeys(rotated, replace(LARGE, threshold=number)),
        height=1,
    )
    return lambda store: store.merge(changes, store.topoheight + 1)


def compact(store: OwnedStorage) -> None:
    """Write out what is in memory and put all tables together."""
    if isinstance(store, RocksStorage):
        try:
            store._namespace.engine._rdict.compact_range(None, None)
        except Exception as error:
            raise StorageError(str(error)) from error


STEPS: tuple[Step, ...] = (
    *(block(number) for number in range(1, 5)),
    lambda store: store.rewind(2),
    compact,
    *(block(number) for number in range(5, BLOCKS)),
    compact,
    block(BLOCKS),
)


def expected() -> list[Found]:
    """Return what is there when the database was made, when the store was, and after every step."""
    store = MemoryStorage(STATE)
    found: list[Found] = [None, (0, STATE)]
    for step in STEPS:
        step(store)
        found.append((store.topoheight, store.export()))
    return found


def found_in(path: Path) -> Found:
    """Return what a database holds, making it where there is none."""
    with Database(path) as database:
        for number in (1, 2):
            # Where the making of the first one was refused, the store is the second.
            with suppress(StorageError):
                store = database.namespace(number)
                return store.topoheight, store.export()
        return None


@dataclass(slots=True)
class Life:
    """Takes the steps on a disk that may break, trying what was refused once more.

    ``refused`` is what was said of it, ``odd`` what a store showed that had refused a step.
    """

    done: Callable[[int], None]
    refused: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def live(self, path: Path) -> None:
        """Live until a step is refused for good."""
        database = self._tried(lambda: Database(path, sync=True))
        if database is None:
            return
        with suppress(StorageError), database:
            self.done(0)
            store = self._tried(lambda: database.new_namespace(STATE))
            if store is None:
                return
            self.done(1)
            for number, step in enumerate(STEPS, 2):
                if not self._took(step, store):
                    self._look(store, number - 1)
                    return
                self.done(number)

    def _tried(self, act: Callable[[], Opened]) -> Opened | None:
        for _ in range(2):
            try:
                return act()
            except StorageError as error:
                self.refused.append(str(error))
        return None

    def _took(self, step: Step, store: RocksStorage) -> bool:
        def take() -> bool:
            step(store)
            return True

        return self._tried(take) is True

    def _look(self, store: RocksStorage, done: int) -> None:
        with suppress(StorageError):
            if (store.topoheight, store.export()) != expected()[done]:
                self.odd.append(f"refused step {done + 1} and is not as it was")


# What may be wrong with a store.


def lower_the_limits() -> None:
    """Let three blocks fill what stays in memory, and two tables be put together."""
    opening.WRITE_BUFFER = 64 * 2**10
    opening.RUNS = (2, 8, 12)


def skip_corrupt_records() -> None:
    usual = opening.options_of_a_database

    def asked() -> Options:
        options = usual()
        options.set_wal_recovery_mode(DBRecoveryMode.skip_any_corrupted_record())
        return options

    opening.options_of_a_database = asked


def _ignore_sync() -> None:
    written = Engine.write

    def ignoring(opened: Engine, batch: WriteBatch) -> None:
        opened._write_options = WriteOptions()
        written(opened, batch)

    setattr(Engine, "write", ignoring)  # noqa: B010 - a method is no variable


def _merge_in_two_batches() -> None:
    whole = RocksStorage.merge

    def torn(store: RocksStorage, changes: Changes, topoheight: int) -> None:
        whole(store, replace(changes, modified_multisigs={}), topoheight)
        store.rewind(topoheight - 1)
        whole(store, changes, topoheight)

    setattr(RocksStorage, "merge", torn)  # noqa: B010 - a method is no variable


@contextmanager
def _unmarked(path: Path) -> Iterator[None]:
    path.mkdir(exist_ok=True)
    names = {entry.name for entry in path.iterdir()}
    if names and "CURRENT" not in names:
        raise StorageError(f"{path}: not a database")
    yield


FAULTS: dict[str, Callable[[], None]] = {
    "sync is ignored": _ignore_sync,
    "corrupt records are skipped": skip_corrupt_records,
    "a merge is two batches": _merge_in_two_batches,
    "names are not synced": lambda: setattr(making, "_reach_the_disk", lambda _: None),
    "the making is not marked": lambda: setattr(engine, "made_whole", _unmarked),
}
