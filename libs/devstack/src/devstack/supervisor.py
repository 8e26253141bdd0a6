"""``python -m devstack.supervisor OPTIONS``: starts a stack, keeps it running, ends it.

It imports little and forks from its main thread only: the children's death signals hang on it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType

from devstack import ports
from devstack.component import Component
from devstack.databases import mark_migrated, prepare_databases
from devstack.home import ROOT, Home, HomeError
from devstack.leftovers import clear_leftovers, end_stray_database
from devstack.nursery import AdoptedProcess, Nursery
from devstack.options import StackOptions, variables
from devstack.processes import Process
from devstack.stack import METRICS_HOST, Stack, metrics_ports
from devstack.state import Phase, StackState, lock

_START_TIMEOUT_S = 120.0
_PROBE_INTERVAL_S = 0.05
_NURSERY_INTERVAL_S = 0.02
_IDLE_INTERVAL_S = 10.0
_FAILURES_AT_START = 4

RUNNING_ALREADY = 75
"""Exit status of a supervisor that found another one (EX_TEMPFAIL of sysexits.h)."""


class StartError(Exception):
    """The stack cannot be started; the text says why and what to do."""


class _StopAskedError(Exception):
    """Somebody wants the stack to end."""


class Supervisor:
    """Owns the processes of one stack from the first to the last."""

    def __init__(self, home: Home, options: StackOptions) -> None:
        self._home = home
        self._options = options
        self._self = Process.of(os.getpid())
        self._stack: Stack | None = None
        self._nursery: Nursery | None = None
        self._stop_asked = False
        self._message = ""
        self._wakeup, self._wakeup_writer = os.pipe()

    def run(self) -> int:
        """Work until SIGTERM; return the exit status."""
        self._listen_to_signals()
        failure = ""
        try:
            self._start()
            self._watch()
        except _StopAskedError:
            pass
        except (StartError, HomeError, OSError, RuntimeError) as error:
            failure = str(error)
            _say(failure)
        self._stop(failure)
        return 1 if failure else 0

    def _start(self) -> None:
        # What the last supervisor wrote is read before we write over it.
        left = clear_leftovers(self._home)
        self._publish("starting", "Looking around")
        if left:
            _say(f"ended what was left of the last run: {', '.join(left)}")
        self._check_port()
        stack = Stack(self._home, self._options, variables(ROOT))
        if end_stray_database(stack.postgres.data):
            _say("ended a PostgreSQL that nobody looked after")
        self._stack = stack
        if stack.postgres.initialized:
            self._publish("starting", "Starting the database and the broker")
        else:
            self._home.demo_marker.unlink(missing_ok=True)
            self._publish("starting", "Making the database")
        if Nursery.is_possible() and stack.forks_services:
            self._nursery = Nursery(stack.log("supervisor"), stack.interpreter_environment)
        postgres, nats, *others = stack.infrastructure
        self._launch(stack.infrastructure)
        self._await_ready((postgres, nats))
        stale = prepare_databases(stack.postgres, self._home)
        if stale:
            self._publish("starting", "Migrating the databases")
            self._migrate(stack, stale)
        self._publish("starting", "Starting the services")
        self._launch((stack.gateway,))
        self._launch_services(stack)
        self._await_ready((*others, *stack.services, stack.gateway))
        self._publish("running", "")

    def _launch_services(self, stack: Stack) -> None:
        """Have the services forked; start in the ordinary way those that were not."""
        nursery, self._nursery = self._nursery, None
        started_at = time.monotonic()
        forked: dict[str, AdoptedProcess] = {}
        if nursery is not None:
            try:
                nursery.ask(stack.fledglings())
                while not nursery.answered():
                    self._pause(_NURSERY_INTERVAL_S)
                forked = nursery.children()
            finally:
                nursery.close()
        for service in stack.services:
            child = forked.get(service.name)
            if child is None:
                service.start()
            else:
                service.adopt(child, started_at)
        self._publish("starting")

    def _check_port(self) -> None:
        host, port = self._options.host, self._options.port
        try:
            free = ports.is_free(host, port)
        except OSError as error:
            raise StartError(f"Nobody can listen on {host}:{port}: {error.strerror}") from error
        if not free:
            raise StartError(ports.in_use_message(host, port))
        if self._options.metrics_port:
            for taken in metrics_ports(self._options.metrics_port).values():
                if not ports.is_free(METRICS_HOST, taken):
                    who = ports.holder(taken) or "another program"
                    raise StartError(
                        f"Port {taken}, for figures, is in use by {who}."
                        " Choose others: ./soko up --metrics-port N"
                    )

    def _launch(self, components: Sequence[Component]) -> None:
        for component in components:
            component.start()
        self._publish("starting")

    def _await_ready(self, components: Sequence[Component]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while waiting := [c for c in components if c.state != "ready"]:
            changed = [c for c in waiting if self._advance(c)]
            for component in waiting:
                if component.failures >= _FAILURES_AT_START:
                    raise StartError(_did_not_start(component))
            if time.monotonic() > deadline:
                raise StartError(_did_not_start(waiting[0]))
            if changed:
                self._publish("starting")
            else:
                self._pause(_PROBE_INTERVAL_S)

    def _migrate(self, stack: Stack, services: Sequence[str]) -> None:
        running = {service: stack.migration(service) for service in services}
        try:
            while running:
                self._pause(_PROBE_INTERVAL_S)
                for service, process in list(running.items()):
                    code = process.poll()
                    if code is None:
                        continue
                    del running[service]
                    if code != 0:
                        tail = _tail(stack.log(service).read_text(errors="replace"))
                        raise StartError(f"The migrations of {service} failed:\n{tail}")
                    mark_migrated(stack.postgres, [service])
        finally:
            for process in running.values():
                process.kill()
                process.wait()

    def _watch(self) -> None:
        assert self._stack is not None
        components = self._stack.components
        while True:
            busy = any(component.state != "ready" for component in components)
            self._pause(_PROBE_INTERVAL_S if busy else _IDLE_INTERVAL_S)
            if [component for component in components if self._advance(component)]:
                self._publish("running")
            for component in components:
                component.rotate_log()

    def _advance(self, component: Component) -> bool:
        """Take a component one step on; tell whether its state changed."""
        before = component.state
        if component.state == "restarting":
            if time.monotonic() >= component.restart_at:
                component.start()
        elif (code := component.exit_code()) is not None:
            _say(f"{component.name} ended with status {code}; starting it again")
            component.crashed()
        else:
            component.check_ready()
        return component.state != before

    def _stop(self, failure: str) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self._nursery is not None:
            self._nursery.close()
        stack = self._stack
        if stack is not None:
            self._publish("stopping", failure)
            postgres, nats, *others = stack.infrastructure
            # Callers go first, so that nobody calls into the void.
            for stage in ((stack.gateway,), (*stack.services, *others), (nats,), (postgres,)):
                _end(stage)
                self._publish("stopping", failure)
            self._home.clear_runtime()
        self._publish("failed" if failure else "stopped", failure)

    def _publish(self, phase: Phase, message: str | None = None) -> None:
        if message is not None:
            self._message = message
        stack = self._stack
        StackState(
            pid=self._self.pid,
            started=self._self.started,
            phase=phase,
            message=self._message,
            host=self._options.reachable_host,
            port=self._options.port,
            demo=self._options.demo,
            nats_port=stack.nats.port if stack else 0,
            smtp_port=stack.smtp_port if stack else 0,
            metrics_port=self._options.metrics_port,
            components=tuple(c.describe() for c in stack.components) if stack else (),
        ).write(self._home)

    def _pause(self, timeout_s: float) -> None:
        """Wait for a signal or for the time to pass; raises when the stack has to end."""
        readable, _, _ = select.select([self._wakeup], [], [], timeout_s)
        if readable:
            os.read(self._wakeup, 4096)
        if self._stop_asked:
            raise _StopAskedError

    def _listen_to_signals(self) -> None:
        def stop(number: int, frame: FrameType | None) -> None:
            self._stop_asked = True

        os.set_blocking(self._wakeup_writer, False)
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)


def _end(components: Iterable[Component]) -> None:
    components = list(components)
    for component in components:
        component.ask_to_stop()
    now = time.monotonic()
    for component in components:
        component.wait_stopped(now + component.stop_timeout_s)


def _did_not_start(component: Component) -> str:
    return f"{component.title} did not start. The end of {component.log}:\n{component.log_tail()}"


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-20:])


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", flush=True)


@contextlib.contextmanager
def _locked(home: Home) -> Iterator[bool]:
    held = lock(home)
    try:
        yield held is not None
    finally:
        if held is not None:
            held.close()


def main(arguments: Sequence[str]) -> int:
    """Supervise the stack of SOKO_HOME until SIGTERM."""
    home = Home.of_environment()
    with _locked(home) as alone:
        return (
            Supervisor(home, StackOptions.from_text(arguments[0])).run()
            if alone
            else (RUNNING_ALREADY)
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
