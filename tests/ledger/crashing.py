"""The process that dies: it does one operation on a database and kills itself at a given point.

``python -m tests.ledger.crashing kill PATH OPERATION POINT``, or ``merge PATH`` (until killed from
outside), or ``fill PATH`` (until the disk is full; PATH is on a small tmpfs of its own).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from lockstep_ledger.model import NATIVE, Account, Chain, Multisig, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.access import ACCESS_MODES
from lockstep_ledger.storage.cache import CommittedCache
from lockstep_ledger.storage.engine import Engine
from lockstep_ledger.storage.namespace import Namespace
from lockstep_ledger.storage.protocol import StorageError
from lockstep_ledger.storage.rocksdb import Database, RocksStorage
from lockstep_ledger.storage.rows import change_rows

ACCOUNTS = [bytes([n]) * 32 for n in range(1, 41)]
ALICE, BOB, NEW, NEWER = *ACCOUNTS[:2], bytes([200]) * 32, bytes([201]) * 32
STATE = State(
    Chain(burned=5),
    {address: Account(3, {NATIVE: 1000}, Multisig(1, (BOB,)), 9) for address in ACCOUNTS},
)
FIRST = Changes(modified_nonces={ALICE: 4}, created=frozenset({NEW}), height=1)
SECOND = Changes(
    modified_nonces=dict.fromkeys(ACCOUNTS, 9),
    modified_balances={(NEWER, NATIVE): 7, **{(each, NATIVE): 1 for each in ACCOUNTS}},
    modified_multisigs=dict.fromkeys(ACCOUNTS[:9]),
    modified_energies=dict.fromkeys(ACCOUNTS, 0),
    created=frozenset({NEWER}),
    burned=1,
    height=1,
)

POINTS_BEFORE = ("before anything", "before the batch is built", "before_write", "before the batch")
POINTS_AFTER = ("after the batch", "before the cache learns", "after everything")
OPERATIONS = ("merge", *(f"merge, {mode}" for mode in ACCESS_MODES), "rewind", "drop", "create")


def die(*_: object) -> NoReturn:
    """End this process as ``kill -9`` does: nothing is flushed, nothing is closed."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def prepare(path: Path) -> None:
    """Write namespace 1: the state at 0 and the first block at 1."""
    with Database(path) as database:
        database.new_namespace(STATE).merge(FIRST, 1)


def operate(operation: str, database: Database, store: RocksStorage) -> None:
    """Do ``operation``, after which the process lives if it was not killed."""
    if operation == "rewind":
        store.rewind(0)
    elif operation == "drop":
        store.drop()
    elif operation == "create":
        database.new_namespace(STATE)
    elif operation == "merge":
        store.merge(SECOND, 2)
    else:
        mode = operation.removeprefix("merge, ")
        ACCESS_MODES[mode](store).storage.merge(SECOND, 2)


def arm(point: str, operation: str, store: RocksStorage) -> None:
    """Make the process die at ``point`` of ``operation``, which comes next."""
    written = Engine.write

    def write_and_die(engine: Engine, batch: Any) -> None:
        written(engine, batch)
        die()

    planted: dict[str, Callable[[], None]] = {
        "before anything": die,
        "before the batch is built": lambda: _replace(
            Namespace, "merge_batch", "rewind_batch", "drop_batch", "create"
        ),
        "before_write": lambda: setattr(store, "before_write", die),
        "before the batch": lambda: setattr(Engine, "write", die),
        "after the batch": lambda: setattr(Engine, "write", write_and_die),
        "before the cache learns": lambda: _replace(
            CommittedCache, "__init__" if operation == "create" else "commit", "invalidate"
        ),
        "torn": lambda: setattr(RocksStorage, "merge", torn_merge),
    }
    planted.get(point, lambda: None)()


def _replace(owner: type, *names: str) -> None:
    for name in names:
        setattr(owner, name, die)


def torn_merge(store: RocksStorage, changes: Changes, topoheight: int) -> None:
    """Merge as no store may: in two batches. The process dies between them."""
    records = list(change_rows(changes, store.chain()))
    half = {column.code + key: column.encode(value) for column, key, value in records[::2]}
    store._namespace.engine.write(store._namespace.merge_batch(half, topoheight))
    die()


def kill(path: Path, operation: str, point: str) -> None:
    """Do ``operation`` on what ``prepare`` wrote, and die at ``point``."""
    database = Database(path)
    store = database.namespace(1)
    arm(point, operation, store)
    operate(operation, database, store)
    die()


def merge_for_ever(path: Path) -> None:
    """Say after each merge that it is done, until killed; block n makes every nonce n."""
    store = Database(path).new_namespace(STATE)
    topoheight = 0
    while True:
        topoheight += 1
        store.merge(Changes(modified_nonces=dict.fromkeys(ACCOUNTS, topoheight)), topoheight)
        sys.stdout.write(f"{topoheight}\n")
        sys.stdout.flush()


def fill(path: Path) -> None:
    """Merge ever more until the disk is full, then see that only the refused block is missing."""
    _tmpfs("size=12m", path)
    accounts = {number.to_bytes(32, "big"): Account() for number in range(5_000)}
    database = Database(path / "database")
    store = database.new_namespace(State(Chain(), accounts))
    error = _until_refused(store, list(accounts))
    before, topoheight = _uniform(store), store.topoheight
    sys.stdout.write(f"{error}\n")
    try:
        database.close()
    except StorageError as error:
        sys.stdout.write(f"{error}\n")
    _tmpfs("remount,size=200m", path)
    with Database(path / "database") as database:
        store = database.namespace(1)
        assert (_uniform(store), store.topoheight) == (before, topoheight) == (topoheight,) * 2
        store.merge(Changes(modified_nonces=dict.fromkeys(accounts, 77)), topoheight + 1)
        assert _uniform(store) == 77


def _until_refused(store: RocksStorage, accounts: list[bytes]) -> StorageError:
    for topoheight in range(store.topoheight + 1, 100):
        try:
            store.merge(Changes(modified_nonces=dict.fromkeys(accounts, topoheight)), topoheight)
        except StorageError as error:
            return error
    raise AssertionError("the disk never filled up")


def _uniform(store: RocksStorage) -> int:
    """Return the nonce that all accounts have, by export and one by one."""
    exported = store.export().accounts
    nonces = {account.nonce for account in exported.values()}
    nonces |= {store.nonce(address) for address in exported}
    assert len(nonces) == 1, nonces
    return nonces.pop()


def _tmpfs(options: str, path: Path) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(path)]
    subprocess.run(command, check=True)  # noqa: S603 - in a mount namespace of our own


if __name__ == "__main__":
    todo: dict[str, Callable[..., None]] = {"kill": kill, "merge": merge_for_ever, "fill": fill}
    todo[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
