"""``soko up``: start a stack, show how it comes up, load demo data, tell where everything is."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from devstack.demo_data import load_demo_data, wants_demo_data
from devstack.display import Display, PlainDisplay, display
from devstack.home import ROOT, Home
from devstack.options import StackOptions, variables
from devstack.processes import wait_until_gone
from devstack.running import Follower, StartFailedError, running_state, start_supervisor, stop
from devstack.state import StackState, is_locked

_STOP_TIMEOUT_S = 60.0
_DEMO_LOGINS = ("buyer", "seller", "operator", "admin")


def up(
    home: Home, *, detach: bool, port: int | None, demo: bool, metrics_port: int | None = None
) -> int:
    """Start the stack of a home; return the exit status.

    In the foreground it lasts until Ctrl-C; then everything it started has ended.
    """
    home.prepare()
    if home.unfinished_restore.exists():
        print(
            f"{home.folder} holds half a backup: restore it again (./soko restore), or"
            " delete it (./soko reset)",
            file=sys.stderr,
        )
        return 1
    options = StackOptions.of_environment(
        variables(ROOT), port=port, demo=demo, metrics_port=metrics_port
    )
    _wait_for_a_stop(home)
    if is_locked(home):
        return _join(home, port, demo=demo)
    process = start_supervisor(home, options, detached=detach)
    follower = Follower(home, _Quiet(), process)
    try:
        with _interruptible(), display() as screen:
            follower.display = screen
            state = follower.until_running()
            loaded = _load_demo(home, state, screen, demo=demo)
        print(summary(home, state, detached=detach or follower.process is None))
        if detach or follower.process is None:
            return 0 if loaded else 1
        with _interruptible():
            return _attend(follower)
    except StartFailedError as error:
        print(f"\nSoko did not start. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if follower.process is not None:
            _finish(home)
        return 0 if not detach else 130


def summary(home: Home, state: StackState, *, detached: bool) -> str:
    """Return what a person wants to know about a running stack."""
    lines = [
        "",
        f"Soko is ready: {state.url}",
        f"  API documents   {state.url}/docs",
        "  Mails           ./soko mail",
        f"  Logs            ./soko logs    (in {home.logs})",
    ]
    if home.demo_marker.exists():
        secret = variables(ROOT).get("SOKO_DEMO_PASSWORD", "soko-demo-password")
        accounts = ", ".join(f"{name}@soko.example" for name in _DEMO_LOGINS)
        lines += [f"  Demo logins     {accounts}", f"                  password: {secret}"]
    lines += ["", "Stop it with ./soko down" if detached else "Stop it with Ctrl-C", ""]
    return "\n".join(lines)


def _wait_for_a_stop(home: Home) -> None:
    """Let somebody else's ``down`` finish, so that the new stack starts on what it leaves."""
    state = running_state(home)
    if state is None or state.phase not in {"stopping", "stopped", "failed"}:
        return
    print("Soko is being stopped; waiting for that.")
    wait_until_gone([state.supervisor], _STOP_TIMEOUT_S)


def _join(home: Home, port: int | None, *, demo: bool) -> int:
    """Wait for a stack that somebody else has started."""
    known = running_state(home)
    if known is not None and known.phase == "running":
        print(f"Soko is running already: {known.url}")
    else:
        known = None
        print("Soko is being started by somebody else; waiting for it.")
    try:
        with display() as screen:
            state = known or Follower(home, screen).until_running()
            loaded = _load_demo(home, state, screen, demo=demo)
    except StartFailedError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    if port is not None and port != state.port:
        print(f"It stays on port {state.port}. To move it: ./soko down, ./soko up --port {port}")
    print(summary(home, state, detached=True))
    return 0 if loaded else 1


def _load_demo(home: Home, state: StackState, screen: Display, *, demo: bool) -> bool:
    """Load the demo data if wanted and missing; tell whether nothing went wrong."""
    if not demo or not wants_demo_data(home):
        return True
    screen.phase("Loading the demo data")
    try:
        load_demo_data(home, state, lambda n, of: screen.steps("Demo products", n, of))
    except Exception as error:
        print(
            f"The demo data is not complete: {error}. The stack runs; ./soko up tries it again.",
            file=sys.stderr,
        )
        return False
    screen.done("Demo data")
    return True


def _attend(follower: Follower) -> int:
    """Stay beside a stack in the foreground."""
    # No spinner: it would redraw for hours.
    follower.display = PlainDisplay()
    failure = follower.until_stopped()
    if failure:
        print(f"Soko ended: {failure}", file=sys.stderr)
        return 1
    print("Soko was stopped.")
    return 0


def _finish(home: Home) -> None:
    print("\nStopping ...", flush=True)
    # A second Ctrl-C would leave things to the supervisor, which is stopping anyway.
    with contextlib.suppress(KeyboardInterrupt):
        ended = stop(home, _Quiet())
        print(f"Stopped {', '.join(ended)}." if ended else "Stopped.")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Quiet:
    """A display that shows nothing."""

    def phase(self, text: str) -> None:
        """Show nothing."""

    def done(self, text: str, took_s: float | None = None) -> None:
        """Show nothing."""

    def steps(self, title: str, done: int, total: int) -> None:
        """Show nothing."""
