"""The group answers exactly, whichever libsodium is behind it."""

from __future__ import annotations

import _ctypes
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep_ledger import ristretto, schnorr
from lockstep_ledger.ristretto import (
    IDENTITY,
    ORDER,
    Group,
    GroupUnavailableError,
    bundled_group,
    group,
    system_group,
)
from lockstep_ledger.schemes import SCHEMES, identity
from tests.repository import REPOSITORY

GENERATOR = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
SCALARS = st.sampled_from([0, 1, 2, ORDER - 1]) | st.integers(0, ORDER - 1)
ANY_POINT = st.sampled_from([IDENTITY, GENERATOR, b"\xff" * 32]) | st.binary(
    min_size=32, max_size=32
)


with_rbcl = pytest.mark.skipif(
    importlib.util.find_spec("rbcl") is None, reason="rbcl is not installed for this interpreter"
)


@pytest.fixture(scope="module")
def system() -> Group:
    try:
        return system_group()
    except (OSError, GroupUnavailableError) as error:
        pytest.skip(f"no libsodium of the operating system: {error}")


def test_the_generator_is_the_one_of_the_standard() -> None:
    assert group().multiply_base(1) == GENERATOR


@given(SCALARS, SCALARS)
@settings(deadline=None)
def test_multiplication_and_subtraction_follow_the_integers(left: int, right: int) -> None:
    minuend, subtrahend = group().multiply_base(left), group().multiply_base(right)
    difference = group().multiply_base((left - right) % ORDER)
    assert group().subtract(minuend, subtrahend) == difference
    assert group().multiply(left, GENERATOR) == minuend


def test_the_identity_is_an_answer_and_not_an_error() -> None:
    assert group().multiply(0, GENERATOR) == IDENTITY
    assert group().multiply_base(0) == IDENTITY
    assert group().multiply(5, IDENTITY) == IDENTITY
    assert group().subtract(GENERATOR, GENERATOR) == IDENTITY


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), b"\xff" * 32, b"\x01" + bytes(31)])
def test_what_is_no_point_has_no_multiple_and_no_difference(bad: bytes) -> None:
    assert not group().is_point(bad)
    assert group().multiply(0, bad) is None
    assert group().multiply(3, bad) is None
    assert group().subtract(bad, GENERATOR) is None
    assert group().subtract(GENERATOR, bad) is None


def test_uniform_bytes_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match="not 64"):
        group().from_uniform(bytes(63))


@with_rbcl
@given(SCALARS, ANY_POINT, ANY_POINT, st.binary(min_size=64, max_size=64))
@settings(deadline=None)
def test_the_system_library_agrees_with_the_bundled_one(
    system: Group, scalar: int, point: bytes, other: bytes, uniform: bytes
) -> None:
    bundled = bundled_group()
    assert system.is_point(point) == bundled.is_point(point)
    assert system.multiply(scalar, point) == bundled.multiply(scalar, point)
    assert system.multiply_base(scalar) == bundled.multiply_base(scalar)
    assert system.subtract(point, other) == bundled.subtract(point, other)
    mapped = bundled.from_uniform(uniform)
    assert system.from_uniform(uniform) == mapped
    assert system.multiply(scalar, mapped) == bundled.multiply(scalar, mapped)


def test_both_libraries_sign_the_same_and_verify_each_others_signatures(
    system: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme, pair = SCHEMES["schnorr"], identity(2)
    bundled_signature = scheme.sign(pair, b"message")
    monkeypatch.setattr(schnorr, "group", lambda: system)
    assert schnorr.pair(2) == pair
    assert scheme.sign(pair, b"message") == bundled_signature
    assert scheme.verify(pair.public, b"message", bundled_signature)


def test_without_rbcl_the_system_library_serves(
    system: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rbcl._sodium", None)
    assert group.__wrapped__().multiply_base(1) == system.multiply_base(1)


def test_without_any_library_the_error_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rbcl._sodium", None)
    monkeypatch.setattr(ristretto, "find_library", lambda _: None)
    with pytest.raises(GroupUnavailableError, match=r"rbcl: .*; system libsodium: not installed"):
        group.__wrapped__()


def test_a_library_without_ristretto255_is_unavailable() -> None:
    class Empty(dict[str, object]):
        def __getitem__(self, name: str) -> object:
            raise AttributeError(name)

    with pytest.raises(GroupUnavailableError, match="has no sodium_init"):
        Group(Empty())  # type: ignore[arg-type]


def test_native_calls_release_the_interpreter_lock() -> None:
    for name in ("_scalarmult", "_sub"):
        assert not getattr(group(), name)._flags_ & _ctypes.FUNCFLAG_PYTHONAPI


@with_rbcl
@pytest.mark.skipif(os.name != "posix", reason="a loaded library can be removed on POSIX only")
def test_loading_the_group_leaves_no_file_behind(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from lockstep_ledger.ristretto import bundled_group as g; g()",
    ]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    root = REPOSITORY
    subprocess.run(command, cwd=root, env=environment, check=True)  # noqa: S603 - our own
    assert not list(tmp_path.iterdir())
