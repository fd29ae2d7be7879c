"""What the RocksDB store adds: a cache, a disk, a lock, and the ways they fail."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rocksdict import Options, Rdict

from lockstep_ledger.model import NATIVE, Account, Chain, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.layout import VERSION_KEY
from lockstep_ledger.storage.protocol import StorageError
from lockstep_ledger.storage.rocksdb import Database, RocksStorage
from tests.repository import REPOSITORY

ALICE, BOB, NEW = (bytes([n]) * 32 for n in range(1, 4))
STATE = State(Chain(), {ALICE: Account(nonce=3, balances={NATIVE: 1000}), BOB: Account()})
BLOCK = Changes(modified_nonces={ALICE: 4}, created=frozenset({NEW}), height=1)
ROOT = REPOSITORY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "database"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with Database(path) as database:
        yield database


@pytest.fixture
def store(database: Database) -> RocksStorage:
    return database.new_namespace(STATE)


def read_all(store: RocksStorage) -> list[object]:
    accounts = [(store.nonce(a), store.balance(a, NATIVE), store.exists(a)) for a in (ALICE, NEW)]
    return [store.chain(), *accounts]


def run_python(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the program is this test's own text
        [sys.executable, "-c", textwrap.dedent(text), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fail_write(operation: str) -> None:
    raise OSError(operation)


def test_a_merge_replaces_exactly_the_cached_values_it_wrote(store: RocksStorage) -> None:
    before = read_all(store)
    held = dict(store._cache._entries)
    store.merge(BLOCK, 1)
    changed = {k for k, v in store._cache._entries.items() if k not in held or held[k] != v}
    assert changed == {b"n" + ALICE, b"a" + NEW, b"x"}
    assert read_all(store) != before
    assert read_all(store) == read_all(store.clone())


def test_a_failed_merge_leaves_the_cache_untouched(store: RocksStorage) -> None:
    store.balance(ALICE, NATIVE)
    store.before_write = fail_write
    held = dict(store._cache._entries)
    with pytest.raises(OSError, match="merge"):
        store.merge(BLOCK, 1)
    assert dict(store._cache._entries) == held
    assert read_all(store) == read_all(store.clone())


def test_a_rewind_drops_exactly_the_cached_values_it_changed(store: RocksStorage) -> None:
    store.merge(BLOCK, 1)
    read_all(store)
    held = set(store._cache._entries)
    store.rewind(0)
    assert held - set(store._cache._entries) == {b"n" + ALICE, b"a" + NEW, b"x"}
    assert read_all(store) == read_all(store.clone())


def test_a_reader_of_an_older_topoheight_neither_uses_nor_fills_the_cache(
    store: RocksStorage,
) -> None:
    store.nonce(ALICE)
    store.merge(BLOCK, 1)
    held = dict(store._cache._entries)
    assert (store.at(0).nonce(ALICE), store.at(1).nonce(ALICE)) == (3, 4)
    assert store.at(0).balance(ALICE, NATIVE) == 1000
    assert dict(store._cache._entries) == held


def test_a_value_read_before_a_commit_never_enters_the_cache_after_it(store: RocksStorage) -> None:
    overtaken = store._namespace.generation
    store.merge(BLOCK, 1)
    store._cache.fill(b"n" + ALICE, 3, overtaken)
    assert store.nonce(ALICE) == 4


def test_a_merge_through_one_handle_empties_the_old_cache_of_another(store: RocksStorage) -> None:
    clone = store.clone()
    assert clone.nonce(ALICE) == 3
    store.merge(BLOCK, 1)
    assert clone.nonce(ALICE) == 4
    clone.merge(Changes(modified_nonces={ALICE: 5}), 2)
    assert store.nonce(ALICE) == 5


def test_a_handle_that_merges_with_an_old_cache_keeps_nothing_of_it(store: RocksStorage) -> None:
    clone = store.clone()
    assert clone.balance(ALICE, NATIVE) == 1000
    store.merge(Changes(modified_balances={(ALICE, NATIVE): 1}), 1)
    clone.merge(Changes(modified_nonces={ALICE: 4}), 2)
    assert (clone.balance(ALICE, NATIVE), clone.nonce(ALICE)) == (1, 4)


def test_a_handle_that_rewinds_with_an_old_cache_keeps_nothing_of_it(store: RocksStorage) -> None:
    clone = store.clone()
    assert clone.balance(ALICE, NATIVE) == 1000
    store.merge(Changes(modified_balances={(ALICE, NATIVE): 1}), 1)
    store.merge(Changes(modified_nonces={ALICE: 4}), 2)
    clone.rewind(1)
    assert (clone.balance(ALICE, NATIVE), clone.nonce(ALICE)) == (1, 3)


def test_threads_can_share_a_cache_that_is_too_small_for_them(path: Path) -> None:
    with Database(path, cache_capacity=2) as database:
        store = database.new_namespace(STATE)

        def read(_: int) -> bool:
            return all(
                (store.nonce(ALICE), store.balance(ALICE, NATIVE), store.nonce(BOB)) == (3, 1000, 0)
                for _ in range(300)
            )

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(read, range(4)))
        assert len(store._cache) <= 2


def test_a_rewind_leaves_exactly_the_records_that_were_there_before(
    database: Database, store: RocksStorage
) -> None:
    def records() -> list[tuple[bytes, bytes]]:
        return database._engine.scan(bytes(8), b"\xff" * 9)

    seen = [records()]
    for topoheight in range(1, 5):
        created = frozenset({NEW} if topoheight == 2 else ())
        nonces = {ALICE: 3 + topoheight, BOB: topoheight}
        store.merge(Changes(modified_nonces=nonces, created=created), topoheight)
        seen.append(records())
    for topoheight in (3, 1, 0):
        store.rewind(topoheight)
        assert records() == seen[topoheight]


@pytest.mark.parametrize("capacity", [0, 1, 2])
def test_the_cache_never_holds_more_than_its_capacity(path: Path, capacity: int) -> None:
    with Database(path, cache_capacity=capacity) as database:
        store = database.new_namespace(STATE)
        store.merge(BLOCK, 1)
        assert len(store._cache) <= capacity
        assert read_all(store) == read_all(store.clone())
        assert len(store._cache) <= capacity


def test_what_was_merged_is_read_back_after_reopening(path: Path) -> None:
    with Database(path) as database:
        store = database.new_namespace(STATE, 5)
        store.merge(BLOCK, 7)
        expected, number = store.export(), store.number
    with Database(path, sync=True) as database:
        store = database.namespace(number)
        assert (store.export(), store.topoheight) == (expected, 7)
        assert store.at(6).nonce(ALICE) == 3
        store.rewind(5)
        assert (store.export(), store.topoheight) == (STATE, 5)
        assert database.new_namespace(STATE).number != number


def test_a_process_killed_after_a_merge_loses_nothing(path: Path) -> None:
    done = run_python(
        """
        import os, sys
        from lockstep_ledger.model import Account, Chain, State
        from lockstep_ledger.outcome import Changes
        from lockstep_ledger.storage.rocksdb import Database
        alice = bytes([1]) * 32
        store = Database(sys.argv[1]).new_namespace(State(Chain(), {alice: Account()}))
        store.merge(Changes(modified_nonces={alice: 9}), 1)
        os.kill(os.getpid(), 9)
        """,
        str(path),
    )
    assert done.returncode == -9, done.stderr
    with Database(path) as database:
        assert database.namespace(1).nonce(ALICE) == 9


def test_a_write_that_the_disk_refuses_is_a_storage_error_and_changes_nothing(path: Path) -> None:
    done = run_python(
        """
        import resource, signal, sys
        from lockstep_ledger.model import NATIVE, Account, Chain, State
        from lockstep_ledger.outcome import Changes
        from lockstep_ledger.storage.protocol import StorageError
        from lockstep_ledger.storage.rocksdb import Database
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        accounts = {n.to_bytes(32, "big"): Account() for n in range(2000)}
        store = Database(sys.argv[1]).new_namespace(State(Chain(), accounts))
        before = store.export()
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        changes = Changes(modified_balances={(a, NATIVE): 1 for a in accounts})
        try:
            store.merge(changes, 1)
        except StorageError as error:
            print(error)
        assert store.export() == before
        assert store.topoheight == 0
        assert not any(store.balance(a, NATIVE) for a in accounts)
        """,
        str(path),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{path}: cannot write: IO error")
    assert done.stdout.count("\n") == 1
    with Database(path) as database:
        assert database.namespace(1).topoheight == 0


def test_a_dropped_namespace_leaves_no_key_and_can_no_longer_be_used(database: Database) -> None:
    kept, dropped = database.new_namespace(STATE), database.new_namespace(STATE)
    dropped.merge(BLOCK, 1)
    clone, reader = dropped.clone(), dropped.at(0)
    assert clone.nonce(ALICE) == 4
    dropped.drop()
    assert database._engine.scan((2).to_bytes(8, "big"), b"\xff" * 9) == []
    uses: tuple[Callable[[], object], ...] = (
        lambda: clone.nonce(ALICE),
        lambda: reader.nonce(ALICE),
        lambda: dropped.merge(BLOCK, 2),
        dropped.export,
        dropped.clone,
        dropped.drop,
    )
    for use in uses:
        with pytest.raises(StorageError, match="namespace 2: it was dropped"):
            use()
    with pytest.raises(StorageError, match="there is no namespace 2"):
        database.namespace(2)
    assert kept.export() == STATE


def test_a_drop_whose_write_fails_leaves_the_namespace_usable(store: RocksStorage) -> None:
    store.before_write = fail_write
    with pytest.raises(OSError, match="drop"):
        store.drop()
    assert store.export() == STATE


@pytest.mark.parametrize("number", [-1, 0, 1, 2**64])
def test_a_namespace_that_was_never_written_is_refused(database: Database, number: int) -> None:
    with pytest.raises(StorageError, match=f"there is no namespace {number}"):
        database.namespace(number)


def test_two_handles_on_one_number_share_the_namespace(
    database: Database, store: RocksStorage
) -> None:
    other = database.namespace(store.number)
    assert other.nonce(ALICE) == 3
    store.merge(BLOCK, 1)
    assert (other.nonce(ALICE), other.topoheight) == (4, 1)


def test_every_use_after_close_is_a_storage_error(database: Database, store: RocksStorage) -> None:
    store.nonce(ALICE)
    reader = store.at(0)
    database.close()
    for use in (
        lambda: store.nonce(ALICE),
        lambda: store.at(0),
        lambda: reader.nonce(ALICE),
        lambda: store.merge(BLOCK, 1),
        lambda: store.rewind(0),
        store.export,
        store.clone,
        store.drop,
        lambda: database.new_namespace(STATE),
        lambda: database.namespace(1),
    ):
        with pytest.raises(StorageError, match="closed"):
            use()


def test_closing_twice_is_fine_and_releases_the_path(path: Path) -> None:
    database = Database(path)
    store = database.new_namespace(STATE)
    reader = store.at(0)
    store.export()
    database.close()
    database.close()
    Database(path).close()
    with pytest.raises(StorageError):
        reader.nonce(ALICE)


def test_a_second_open_of_the_same_path_names_it(path: Path, database: Database) -> None:
    with pytest.raises(StorageError) as caught:
        Database(path)
    assert str(caught.value) == f"{path}: locked: this process has it open already"
    assert database.new_namespace(STATE).export() == STATE


def test_a_path_open_in_another_process_is_reported_as_locked(
    path: Path, database: Database
) -> None:
    assert database.new_namespace(STATE).number == 1
    done = run_python(
        """
        import sys
        from lockstep_ledger.storage.protocol import StorageError
        from lockstep_ledger.storage.rocksdb import Database
        try:
            Database(sys.argv[1])
        except StorageError as error:
            print(error)
        """,
        str(path),
    )
    assert done.stdout == f"{path}: locked: another process has it open\n", done.stderr


@pytest.mark.parametrize("pattern", ["CURRENT", "MANIFEST-*"])
@pytest.mark.parametrize("damage", ["truncated", "garbage", "missing"])
def test_a_damaged_database_is_reported_as_corrupt(path: Path, pattern: str, damage: str) -> None:
    with Database(path) as database:
        database.new_namespace(STATE)
    (file,) = path.glob(pattern)
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(b"" if damage == "truncated" else b"garbage\n")
    with pytest.raises(StorageError, match="corrupt") as caught:
        Database(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_path_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(StorageError, match="file: not a directory"):
        Database(file)
    with pytest.raises(StorageError, match=r"(?i)not a directory"):
        Database(file / "below")
    with pytest.raises(StorageError, match="not a database"):
        Database(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("key", [VERSION_KEY, b"other"])
def test_a_database_of_an_unknown_layout_is_refused_and_released(path: Path, key: bytes) -> None:
    raw = Rdict(str(path), Options(raw_mode=True))
    raw[key] = b"lockstep storage 999"
    raw.close()
    with pytest.raises(StorageError, match="unknown layout version") as caught:
        Database(path)
    raw = Rdict(str(path), Options(raw_mode=True))
    assert raw[key] == b"lockstep storage 999"
    raw.close()
    assert "\n" not in str(caught.value)
