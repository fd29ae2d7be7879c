"""A document of measured sections: written whole, or some of it anew while the rest stays."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.rows import Topic


def document(head: str, machine: Sequence[tuple[str, str]], topics: Sequence[Topic]) -> str:
    """Return the whole document: ``head``, the facts about the machine, a section a topic."""
    parts = [head, "".join(f"- {name}: {fact}\n" for name, fact in machine)]
    return "\n".join([*parts, *("\n".join(topic.lines()) for topic in topics)])


def replaced(before: str, topics: Sequence[Topic]) -> str:
    """Return the document with the sections of ``topics`` replaced, new ones at its end."""
    for topic in topics:
        section = "\n".join(topic.lines())
        start = before.find(f"## {topic.title}\n")
        if start < 0:
            before = f"{before.rstrip()}\n\n{section}"
            continue
        end = before.find("\n## ", start)
        rest = "" if end < 0 else before[end + 1 :]
        before = before[:start] + section + ("\n" if rest else "") + rest
    return before
