"""Where this checkout is: tests find its corpora, documents and scripts from here."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
