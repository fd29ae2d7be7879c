"""The process that makes and drops stores without end, and says what the database holds meanwhile.

``python -m tests.ledger.churning PATH STORES [FAULT]``: the limits are so low that a few thousand
stores do to the database what millions do to one of the usual size.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from rocksdict import DBCompactionStyle, Options

from lockstep_ledger.model import NATIVE, Account, Chain, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage import opening
from lockstep_ledger.storage.rocksdb import Database

DESCRIPTORS = 32
SAMPLES = 40
ACCOUNTS = [bytes([number]) * 32 for number in range(1, 7)]
STATE = State(Chain(), {address: Account(3, {NATIVE: 1000}) for address in ACCOUNTS})
BLOCK = Changes(
    modified_nonces=dict.fromkeys(ACCOUNTS, 4),
    modified_balances=dict.fromkeys(((address, NATIVE) for address in ACCOUNTS), 7),
    height=1,
)


def lower_the_limits() -> None:
    opening.WRITE_BUFFER = opening.TEXT_LOG = 256 * 2**10
    opening.MANIFEST = 8 * 2**10
    _limit_descriptors(DESCRIPTORS)


def plant(fault: str) -> None:
    """Let the database pile up something, and let it have the descriptors to do so."""
    asked: dict[str, Callable[[Options], None]] = {
        "tables": lambda options: options.set_compaction_style(DBCompactionStyle.level()),
        "text": lambda options: options.set_max_log_file_size(0),
        "manifest": lambda options: options.set_max_manifest_file_size(2**30),
        "memory": lambda _: setattr(Database, "_forget", lambda *_: None),
    }
    usual = opening.options_of_a_database

    def faulty() -> Options:
        options = usual()
        asked[fault](options)
        return options

    opening.options_of_a_database = faulty
    _limit_descriptors(256)


def _limit_descriptors(count: int) -> None:
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (count, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )


def held(path: Path) -> dict[str, int]:
    """Return what the process and its database hold at this moment."""
    this = psutil.Process()
    sizes = {}
    for entry in path.iterdir():
        with suppress(FileNotFoundError):
            sizes[entry.name] = entry.stat().st_size
    return {
        "memory": this.memory_info().rss,
        "descriptors": this.num_fds(),
        "files": len(sizes),
        "bytes": sum(sizes.values()),
        "manifest": max(size for name, size in sizes.items() if name.startswith("MANIFEST")),
    }


def churn(path: Path, stores: int) -> Iterator[dict[str, int]]:
    with Database(path) as database:
        for number in range(1, stores + 1):
            store = database.new_namespace(STATE)
            store.merge(BLOCK, 1)
            store.drop()
            if number % (stores // SAMPLES) == 0:
                yield held(path)


if __name__ == "__main__":
    lower_the_limits()
    for planted in sys.argv[3:]:
        plant(planted)
    sys.stdout.write(json.dumps(list(churn(Path(sys.argv[1]), int(sys.argv[2])))))
