"""Storage of which the n-th read or write fails, once or for good, in memory and on RocksDB.

Invariant: what fails has done nothing; everything else goes through unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rocksdict import WriteBatch

from lockstep.run.stores import RocksStores
from lockstep_ledger.model import Address, Asset, Chain, Multisig, State
from lockstep_ledger.storage.engine import Engine
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import OwnedStorage, StorageError
from lockstep_ledger.storage.rocksdb import RocksStorage

READS = "reads"
WRITES = "writes"
PLACES = "places"


@dataclass(frozen=True, slots=True)
class Break:
    """What fails: the ``number``-th read or write, every one from it on, or a place.

    A place is a key: the ``number``-th that is read fails whenever it is read, also with others.
    """

    what: str
    number: int
    for_good: bool = False


class Meter:
    """Counts what is read and written while a break is planted, and lets it happen."""

    def __init__(self) -> None:
        self.met: Counter[str] = Counter()
        self._places: dict[Hashable, int] = {}
        self._planted: Break | None = None

    @contextmanager
    def planted(self, planted: Break) -> Iterator[None]:
        """Count from 0, with ``planted`` to happen."""
        self.met.clear()
        self._places.clear()
        self._planted = planted
        try:
            yield
        finally:
            self._planted = None

    def read(self, *places: Hashable) -> None:
        """Meet a read of ``places``. Raises ``StorageError`` if it is to fail."""
        if self._planted is not None:
            for place in places:
                number = self._places.setdefault(place, len(self._places) + 1)
                self._fail_if(PLACES, number)
            self.met[PLACES] = len(self._places)
            self._meet(READS)

    def write(self) -> None:
        """Meet a write. Raises ``StorageError`` if it is to fail."""
        if self._planted is not None:
            self._meet(WRITES)

    def _meet(self, what: str) -> None:
        self.met[what] += 1
        self._fail_if(what, self.met[what])

    def _fail_if(self, what: str, number: int) -> None:
        planted = self._planted
        assert planted is not None
        again = planted.for_good and number > planted.number
        if planted.what == what and (number == planted.number or again):
            raise StorageError(f"the disk failed: {what} {number}")


class BreakingMemory(MemoryStorage):
    """A store in memory that breaks."""

    __slots__ = ("_meter",)

    def __init__(self, state: State, meter: Meter) -> None:
        super().__init__(state)
        self._meter = meter
        self.before_write = lambda _: meter.write()

    def chain(self) -> Chain:
        self._meter.read("chain")
        return super().chain()

    def exists(self, address: Address) -> bool:
        self._meter.read(("existence", address))
        return super().exists(address)

    def nonce(self, address: Address) -> int:
        self._meter.read(("nonce", address))
        return super().nonce(address)

    def balance(self, address: Address, asset: Asset) -> int:
        self._meter.read(("balance", address, asset))
        return super().balance(address, asset)

    def multisig(self, address: Address) -> Multisig | None:
        self._meter.read(("multisig", address))
        return super().multisig(address)

    def energy(self, address: Address) -> int:
        self._meter.read(("energy", address))
        return super().energy(address)


class BreakingEngine:
    """An engine that breaks."""

    def __init__(self, engine: Engine, meter: Meter) -> None:
        self.path = engine.path
        self._engine = engine
        self._meter = meter

    def get(self, key: bytes) -> bytes | None:
        self._meter.read(key)
        return self._engine.get(key)

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        self._meter.read(*keys)
        return self._engine.get_many(keys)

    def first_from(self, start: bytes) -> tuple[bytes, bytes] | None:
        self._meter.read(("from", start))
        return self._engine.first_from(start)

    def scan(self, start: bytes, stop: bytes) -> list[tuple[bytes, bytes]]:
        self._meter.read(("from", start))
        return self._engine.scan(start, stop)

    def write(self, batch: WriteBatch) -> None:
        self._meter.write()
        self._engine.write(batch)


@contextmanager
def breaking_store(state: State, meter: Meter, rocks: RocksStores | None) -> Iterator[OwnedStorage]:
    """Give a store that holds ``state`` and breaks, of ``rocks`` or in memory."""
    if rocks is None:
        yield BreakingMemory(state, meter)
        return
    with rocks.holding(state) as store:
        assert isinstance(store, RocksStorage)
        engine = store._namespace.engine
        store._namespace.engine = BreakingEngine(engine, meter)  # type: ignore[assignment]
        yield store
