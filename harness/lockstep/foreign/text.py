"""Text that somebody else wrote, made harmless before it is printed or kept.

Such text is what an executor, a program, a server or a file says: an exception, standard error, an
id, the name of a file, a seed. Invariant: what comes out moves no cursor and reverses no line, can
be encoded, gives no command to a CI service, and is no longer than it may be. Harmless text comes
out as it is, so text may pass through here as often as one likes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lockstep.undisturbed import was_asked

MOST = 1000
"""Characters of one line."""
MOST_QUOTED = 80
"""Characters of a value that is quoted within a line."""
MOST_OF_A_BLOCK = 10_000
"""Characters of several lines together."""

_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\w*\[)")
"""What begins a command: ``::error::`` at the start of a line, ``##vso[`` anywhere in it."""
_BREAKS = re.compile(r"[^\S ]+")
"""White space that is more than blanks."""


def shown(text: str, most: int | None = MOST) -> str:
    """Return ``text`` as one harmless line of at most ``most`` characters."""
    text = _start(text, most)
    if not text.isprintable():
        parts = (each.strip(" ") for each in _BREAKS.split(text))
        text = " ".join(filter(None, parts))
    return _bounded(_harmless(text), most)


def shown_block(text: str, most: int | None = MOST_OF_A_BLOCK) -> str:
    """Return ``text`` as harmless lines of at most ``most`` characters together."""
    text = _start(text, most)
    if text.isprintable():
        return _bounded(_harmless(text), most)
    lines = text.replace("\t", "    ").split("\n")
    return _bounded("\n".join(_harmless(line.rstrip("\r")) for line in lines), most)


def quoted(text: str) -> str:
    """Return ``text`` as one short harmless line in quotes."""
    return repr(shown(text, MOST_QUOTED))


def error_text(error: BaseException) -> str:
    """Return what ``error`` says, as one harmless line."""
    return shown(_had(error, str, "an error that cannot say what it is"))


def named_error(error: BaseException) -> str:
    """Return of what type ``error`` is, and what it says."""
    return shown(f"{type(error).__name__}: {error_text(error)}")


def value_text(value: object, convert: Callable[[object], str] = str) -> str:
    """Return ``value`` in words, as harmless lines, whatever its type makes of it."""
    return shown_block(_had(value, convert, f"a {type(value).__name__} that cannot be shown"))


def encodable(text: str) -> str:
    """Return ``text`` with everything escaped that no UTF-8 holds, and nothing else."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _had(value: object, convert: Callable[[object], str], otherwise: str) -> str:
    try:
        return convert(value)
    except BaseException as error:
        if was_asked(error):
            raise
        return otherwise


def _start(text: str, most: int | None) -> str:
    """Cut what cannot be needed: an error may say a gigabyte."""
    return text if most is None else text[: 4 * most]


def _harmless(line: str) -> str:
    if not line.isprintable():
        line = "".join(each if each.isprintable() else _escaped(each) for each in line)
    if "##" in line or "::" in line:
        line = _COMMAND.sub(lambda found: f"{found[0]} ", line)
    return line


def _escaped(character: str) -> str:
    """Write a character as Python would; a byte that was no UTF-8, as that byte."""
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def _bounded(text: str, most: int | None) -> str:
    if most is None or len(text) <= most:
        return text
    mark = " [cut]"
    return text[: most - len(mark)] + mark
