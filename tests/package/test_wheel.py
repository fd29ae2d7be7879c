"""What is handed out: a wheel with our packages alone, and sources that give the same wheel."""

from __future__ import annotations

import tarfile
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

from tests.package.building import Built, build
from tests.repository import REPOSITORY

PACKAGES = {
    "lockstep": "harness",
    "lockstep_ledger": "ledger",
    "lockstep_mutants": "mutants",
    "lockstep_parallel": "parallel",
    "lockstep_reference": "reference",
}


def names_in(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        return sorted(archive.namelist())


def test_the_wheel_takes_no_name_that_a_project_may_want(built: Built) -> None:
    tops = {name.partition("/")[0] for name in names_in(built.wheel)}
    [metadata] = [each for each in tops if each.endswith(".dist-info")]
    assert tops == {metadata, *PACKAGES}


def test_the_wheel_has_every_module_of_the_packages_and_their_types(built: Built) -> None:
    names = set(names_in(built.wheel))
    for package, root in PACKAGES.items():
        source = REPOSITORY / root
        modules = {each.relative_to(source).as_posix() for each in (source / package).rglob("*.py")}
        data = {"lockstep/corpus/vectors.jsonl"} if package == "lockstep" else set[str]()
        assert {*modules, *data, f"{package}/py.typed"} == {
            each for each in names if each.startswith(f"{package}/")
        }


def test_the_wheel_carries_its_licence(built: Built) -> None:
    with ZipFile(built.wheel) as archive:
        [licence] = [each for each in archive.namelist() if each.endswith("licenses/LICENSE")]
        assert archive.read(licence) == (REPOSITORY / "LICENSE").read_bytes()
        [metadata] = [each for each in archive.namelist() if each.endswith("/METADATA")]
        said = message_from_bytes(archive.read(metadata))
    assert said["License-Expression"] == "Apache-2.0"
    assert not [each for each in said.get_all("Classifier", []) if each.startswith("Private")]


def test_the_sources_give_the_same_wheel(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sources) as archive:
        archive.extractall(tmp_path, filter="data")
    [unpacked] = tmp_path.iterdir()
    build(unpacked, tmp_path / "again", "wheel")
    [again] = (tmp_path / "again").glob("*.whl")
    with ZipFile(built.wheel) as one, ZipFile(again) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        for name in one.namelist():
            assert one.read(name) == other.read(name), name


def test_the_sources_hold_what_is_under_version_control_and_nothing_of_this_machine(
    built: Built,
) -> None:
    with tarfile.open(built.sources) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "docs/api.md", "tests/conftest.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", "corpora/findings"))]
