"""The way past a transaction's view to what it shares with the others; only a fault takes it."""

from __future__ import annotations

from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.rules.view import View


def state_behind(view: View) -> BlockState:
    """Return the block's shared state that ``view`` stages its writes over."""
    assert isinstance(view, Overlay), "the batched executor runs transactions on overlays"
    state = view.shared
    assert isinstance(state, BlockState), "its overlays lie over the block's state"
    return state
