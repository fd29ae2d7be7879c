"""How RocksDB is opened: what it may hold of memory, descriptors and disk, and why it would not.

Invariant: with the stores that live at one time bounded, so is everything the database holds,
however many stores came and went.
"""

from __future__ import annotations

from pathlib import Path

from rocksdict import BlockBasedOptions, Cache, DBCompactionStyle, DBRecoveryMode, Options, Rdict

from lockstep_ledger.storage.making import WHAT_TO_DO
from lockstep_ledger.storage.protocol import DatabaseLockedError, StorageError

WRITE_BUFFER = 8 * 2**20
"""Bytes written before they leave memory: small, for every process of a campaign holds as much."""
BLOCK_CACHE = 128 * 2**20
"""Bytes read that may stay in memory: with the default of 8 MiB, a get from hundreds of thousands
of accounts takes twice as long."""
OPEN_FILES = 64
"""Descriptors of table files; without a limit every file that exists stays open."""
TEXT_LOG = 2**20
MANIFEST = 2**20
RUNS = (4, 8, 12)
"""Sorted runs at which they are put together, writers are slowed down, and writers wait."""


def open_rdict(path: Path) -> Rdict:
    """Open the database in ``path``, creating it in an empty directory.

    Raises ``StorageError`` if that cannot be done.
    """
    options = options_of_a_database()
    try:
        # Of a database that exists, only a family named here gets these options.
        return Rdict(str(path), options, column_families={"default": options})
    except Exception as error:
        raise _why_not_open(path, one_line(error)) from error


def options_of_a_database() -> Options:
    """Return what is asked of RocksDB."""
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(WRITE_BUFFER)
    tables = BlockBasedOptions()
    tables.set_block_cache(Cache(BLOCK_CACHE))
    options.set_block_based_table_factory(tables)
    options.set_max_open_files(OPEN_FILES)
    options.set_keep_log_file_num(1)
    options.set_max_log_file_size(TEXT_LOG)
    options.set_stats_dump_period_sec(0)
    options.set_max_manifest_file_size(MANIFEST)
    # Later stores have higher keys, so by levels no files overlap: they are moved down as they are,
    # and the deletions in them, all that is left of stores that were dropped, stay for good.
    options.set_compaction_style(DBCompactionStyle.universal())
    together, slower, wait = RUNS
    options.set_level_zero_file_num_compaction_trigger(together)
    options.set_level_zero_slowdown_writes_trigger(slower)
    options.set_level_zero_stop_writes_trigger(wait)
    # A record that cannot be read ends the recovery: no block is there without those before it.
    options.set_wal_recovery_mode(DBRecoveryMode.point_in_time())
    return options


def one_line(error: Exception) -> str:
    """Return the text of ``error`` on one line."""
    return " ".join(str(error).split())


def _why_not_open(path: Path, text: str) -> StorageError:
    if "lock hold by current process" in text:
        return DatabaseLockedError(f"{path}: locked: this process has it open already")
    if "LOCK: Resource temporarily unavailable" in text:
        return DatabaseLockedError(f"{path}: locked: another process has it open")
    if "Corruption" in text or "No such file" in text:
        return StorageError(f"{path}: corrupt: {text}; {WHAT_TO_DO}")
    return StorageError(f"{path}: cannot open: {text}")
