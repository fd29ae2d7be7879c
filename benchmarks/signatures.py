"""What checking a signature costs, and what a second thread adds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks.rows import Row, Topic
from benchmarks.timing import timed, timed_together
from lockstep_ledger.schemes import SCHEMES, identity
from lockstep_ledger.signatures import Scheme

NOTE = """\
One valid signature of a 167-byte message, the length that a transfer's source signs. The last row
of each scheme is how many times faster 2 threads check 128 signatures, 64 a task, than one does:
2 at best, and about 1 where the check is too short to be worth releasing the GIL."""

MESSAGE = bytes(range(167))
CHECKS = 64


def measure(_full: bool) -> Topic:
    """Measure every scheme."""
    rows = [row for name in ("schnorr", "keyed-hash") for row in _scheme(name, SCHEMES[name])]
    return Topic("Signatures", NOTE, tuple(rows))


def _scheme(name: str, scheme: Scheme) -> list[Row]:
    check = _checking(scheme, 1)
    sign = timed(lambda: scheme.sign(identity(2), MESSAGE))
    verify = timed(check)
    task = _checking(scheme, CHECKS)
    with ThreadPoolExecutor(2) as pool:

        def on_two() -> None:
            for future in [pool.submit(task), pool.submit(task)]:
                future.result()

        def on_one() -> None:
            task()
            task()

        one, two = timed_together([(on_one, 2), (on_two, 2)])
    return [
        Row.of(f"sign, {name}", sign.times(1e6), "µs"),
        Row.of(f"verify, {name}", verify.times(1e6), "µs"),
        Row(f"verify on 2 threads against 1, {name}", one.median / two.median, "x"),
    ]


def _checking(scheme: Scheme, count: int) -> Callable[[], None]:
    pair = identity(2)
    signature = scheme.sign(pair, MESSAGE)
    assert scheme.verify(pair.public, MESSAGE, signature)

    def check() -> None:
        for _ in range(count):
            scheme.verify(pair.public, MESSAGE, signature)

    return check
