"""The test identities are the published ones, and names and addresses match one to one."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from lockstep_ledger.identities import HIGHEST_SEED, NAMES, SEEDS, address_of, alias_of, pair_of
from lockstep_ledger.model import ModelError
from lockstep_ledger.ristretto import ORDER
from lockstep_ledger.schemes import SCHEMES, identity
from tests.repository import REPOSITORY


def test_the_ten_published_accounts_are_the_first_ten_seeds(
    published_vectors: dict[str, Any],
) -> None:
    published = published_vectors["accounts"]["accounts"]
    assert tuple(each["name"].lower() for each in published) == NAMES
    for seed, each in enumerate(published, start=1):
        assert identity(seed).secret.hex() == each["private_key"]
        assert identity(seed).public.hex() == each["public_key"] == each["address"]
        assert alias_of(bytes.fromhex(each["address"])) == each["name"].lower()


def test_every_seed_has_exactly_one_alias() -> None:
    assert sorted(SEEDS.values()) == list(range(1, HIGHEST_SEED + 1))


def test_alias_and_address_name_each_other() -> None:
    assert [alias_of(address_of(alias)) for alias in SEEDS] == list(SEEDS)


def test_a_seed_above_ten_is_called_by_its_number() -> None:
    assert pair_of("k11") == identity(11)
    assert alias_of(identity(255).public) == "k255"


@pytest.mark.parametrize("alias", ["", "Alice", "k1", "k10", "k011", "k256", "mallory"])
def test_an_unknown_alias_is_refused_with_the_known_ones_named(alias: str) -> None:
    with pytest.raises(ModelError, match=r"alice.*k11\.\.k255"):
        address_of(alias)


@pytest.mark.parametrize("address", [bytes(32), b"\xff" * 32, b""])
def test_an_address_of_nobody_has_no_alias(address: bytes) -> None:
    assert alias_of(address) is None


def test_a_seed_beyond_the_named_ones_has_a_key_and_no_alias() -> None:
    assert alias_of(identity(HIGHEST_SEED + 1).public) is None


@pytest.mark.parametrize("seed", [-1, 0, ORDER])
def test_a_seed_that_is_no_secret_scalar_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="secret scalar"):
        identity(seed)


def test_one_address_serves_every_scheme() -> None:
    alice = pair_of("alice")
    for scheme in SCHEMES.values():
        assert scheme.verify(address_of("alice"), b"message", scheme.sign(alice, b"message"))


def test_importing_the_identities_loads_no_native_group() -> None:
    program = "import sys, lockstep_ledger.identities; sys.exit('rbcl' in sys.modules)"
    root = REPOSITORY
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, cwd=root, check=False).returncode == 0  # noqa: S603 - our own
