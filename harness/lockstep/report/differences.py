"""Differences as lines, and the command that shows them again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from lockstep.case.file import Setting
from lockstep.foreign.text import shown
from lockstep.targets.trust import is_our_storage, is_ours
from lockstep.verdict import Difference

SHOWN_DIFFERENCES = 12


def difference_lines(differences: Iterable[Difference]) -> Iterator[str]:
    """List differences, the first dozen of them."""
    listed = list(differences)
    for each in listed[:SHOWN_DIFFERENCES]:
        first, *others = str(each).split("\n")
        yield f"  {first}"
        yield from (f"      {line}" for line in others if line)
    if len(listed) > SHOWN_DIFFERENCES:
        yield f"  and {len(listed) - SHOWN_DIFFERENCES} more"


def setting_lines(setting: Setting) -> Iterator[str]:
    """Say under what a case was run, and what it was judged by, where that is not the default."""
    plain = Setting()
    words = [
        f"{name} {getattr(setting, name)}"
        for name in _SAID
        if getattr(setting, name) != getattr(plain, name)
    ]
    words += ["isolated"] if setting.isolated else []
    words += [f"{name}={value}" for name, value in setting.surroundings.variables]
    words += [f"in {setting.surroundings.folder}"] if setting.surroundings.folder else []
    for told in ("; ".join(words), "; ".join(setting.judging.words())):
        if told:
            yield f"  {shown(told)}"


_SAID = ("workers", "driver", "access", "deadline", "memory", "preempt")


def replay_command(path: Path, setting: Setting) -> str:
    """Return the command that runs a saved case again under ``setting``, which its file holds.

    What of it is not ours is named once more, for a file alone has nothing run.
    """
    words = ["lockstep", "replay", str(path)]
    for option, name in (("--executor", setting.executor), ("--oracle", setting.judging.oracle)):
        words += [] if is_ours(name) else [option, name]
    words += [] if is_our_storage(setting.storage) else ["--storage", setting.storage]
    for name, value in setting.surroundings.variables:
        words += ["--env", f"{name}={value}"]
    words += ["--cwd", setting.surroundings.folder] if setting.surroundings.folder else []
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """Quote ``word`` for a shell, what is not harmless byte by byte."""
    if shown(word, most=None) == word:
        return shlex.quote(word)
    data = word.encode(errors="surrogateescape")
    return "$'" + "".join(chr(each) if each in _PLAIN else f"\\x{each:02x}" for each in data) + "'"


_PLAIN = frozenset(b"/._-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
