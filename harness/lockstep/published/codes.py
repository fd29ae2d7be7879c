"""Result codes as the published forms have them: numbers."""

from __future__ import annotations

from lockstep_ledger.outcome import Code

_CODE_NAMES: dict[int, str] = {code.value: code.name for code in Code}


def describe_code(code: int) -> str:
    """Return an error code with its name."""
    return f"0x{code:04x} ({_CODE_NAMES.get(code, 'unknown here')})"
