"""An environment that holds a wheel and what the wheel asks for, nothing of this checkout.

What the wheel asks for is linked from the running interpreter's packages, so nothing is fetched.
Invariant: a package that no requirement leads to is not there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

LONGEST = 120


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment in ``folder``."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def site(self) -> Path:
        """Where its packages lie."""
        [path] = (self.folder / "lib").glob("python*/site-packages")
        return path

    def run(
        self, *arguments: object, here: Path, beside: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in the folder ``here``, packages of ``beside`` at hand, too."""
        program, *rest = map(str, arguments)
        variables = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
        variables["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        if beside is not None:
            variables["PYTHONPATH"] = str(beside)
        return subprocess.run(  # noqa: S603 - a program of this environment
            [str(self.folder / "bin" / program), *rest],
            cwd=here,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )


def environment_with(wheel: Path, folder: Path) -> Environment:
    """Make an environment in ``folder`` into which pip has installed ``wheel``."""
    venv.create(folder, with_pip=False, symlinks=True)
    made = Environment(folder)
    link_packages(requirements_of(wheel), made.site)
    pip = (sys.executable, "-m", "pip", "--python", str(made.python), "--quiet")
    quiet = ("--disable-pip-version-check", "--no-index", "--no-compile")
    subprocess.run(  # noqa: S603 - the pip of the environment that runs the tests
        [*pip, "install", *quiet, str(wheel)], check=True, timeout=LONGEST
    )
    return made


def requirements_of(wheel: Path) -> list[str]:
    """Return what the wheel's metadata asks for."""
    with ZipFile(wheel) as archive:
        [name] = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])


def link_packages(requirements: Iterable[str], folder: Path) -> None:
    """Link into ``folder`` the installed packages that ``requirements`` lead to."""
    folder.mkdir(exist_ok=True)
    for name in sorted(_closure(requirements)):
        found = distribution(name)
        assert found.files, f"{name} was installed without a record of its files"
        for top in {each.parts[0] for each in found.files} - {"..", "__pycache__"}:
            target = folder / top
            if not target.exists():
                target.symlink_to(Path(str(found.locate_file(top))))


def _closure(requirements: Iterable[str]) -> set[str]:
    met: set[str] = set()
    left = list(_names(requirements))
    while left:
        name = left.pop()
        if name not in met:
            met.add(name)
            left += _names(distribution(name).requires or ())
    return met


def _names(requirements: Iterable[str]) -> Iterator[str]:
    """Give the names of the requirements that hold here, without extras."""
    for each in map(Requirement, requirements):
        if each.marker is None or each.marker.evaluate({"extra": ""}):
            yield each.name
