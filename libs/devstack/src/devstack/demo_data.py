"""The demo shop: loaded once per home, through the public API, when its author is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from devstack.databases import analyze
from devstack.home import ROOT, Home
from devstack.identity_command import tell_identity
from devstack.options import variables
from devstack.stack import Stack
from devstack.state import StackState


def wants_demo_data(home: Home) -> bool:
    """Tell whether the demo data is missing and can be loaded."""
    return not home.demo_marker.exists() and find_spec("devstack.demo") is not None


def load_demo_data(home: Home, state: StackState, progress: Callable[[int, int], None]) -> None:
    """Load the demo shop; raises whatever keeps it from being complete."""
    from devstack import demo

    def give(email: str, role: str) -> None:
        tell_identity(home, state, "grant", email, role)

    demo.load(state.url, give, progress)
    analyze(Stack.of_running(home, state, variables(ROOT)).postgres)
    home.demo_marker.write_text("complete\n")
