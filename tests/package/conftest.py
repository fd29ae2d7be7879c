"""The package, built from this checkout and installed outside it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.package.building import Built, build
from tests.package.environment import Environment, environment_with, link_packages
from tests.repository import REPOSITORY


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build wheel and sources of this checkout.

    Where a dependency has no build for this interpreter nothing can be installed, and the import
    says so by a skip.
    """
    importlib.import_module("rocksdict")
    folder = tmp_path_factory.mktemp("built")
    build(REPOSITORY, folder, "wheel", "sdist")
    [wheel], [sources] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sources)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Install the wheel into an environment that has only what the wheel asks for."""
    return environment_with(built.wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def folder_with_pytest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pytest, which the wheel does not bring."""
    folder = tmp_path_factory.mktemp("beside")
    link_packages(["pytest"], folder)
    return folder
