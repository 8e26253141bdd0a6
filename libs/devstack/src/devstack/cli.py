"""The ``soko`` command. Each command imports what it needs, so that the small ones are quick."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from devstack.backup.commands import backup, restore
from devstack.dead_letters.commands import dead_letters
from devstack.home import ROOT, Home, HomeError
from devstack.secrets_commands import certs, compose_secrets, k8s_secrets, nats_users

app = typer.Typer(
    help="Soko: a self-hosted commerce back end. Start it with: ./soko up",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
admin = typer.Typer(help="What only somebody on this machine may do.", no_args_is_help=True)
app.add_typer(admin, name="admin")
keys = typer.Typer(
    help="The keys that sign access tokens. Rotating them refuses no token.", no_args_is_help=True
)
app.add_typer(keys, name="keys")
app.command()(backup)
app.command()(restore)
app.command()(certs)
app.command("nats-users")(nats_users)
app.command("compose-secrets")(compose_secrets)
app.command("k8s-secrets")(k8s_secrets)
app.add_typer(dead_letters, name="dead-letters")

_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command()
def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when everything is ready.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The gateway's port; 8000 by default.")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Load demo data at the first start.")
    ] = True,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65530, help="Tell Prometheus figures: the gateway here, services behind."
        ),
    ] = None,
) -> None:
    """Start everything: database, broker, services, gateway."""
    from devstack.start_command import up as start

    raise typer.Exit(start(_home(), detach=detach, port=port, demo=demo, metrics_port=metrics_port))


@app.command()
def down() -> None:
    """Stop everything that up started."""
    from devstack.display import display
    from devstack.running import stop

    with display() as screen:
        ended = stop(_home(), screen)
    print(f"Stopped {', '.join(ended)}." if ended else "Soko is not running.")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show what runs, and how much memory it takes."""
    from devstack.report import report

    found = report(_home())
    if as_json:
        print(json.dumps(asdict(found)))
        return
    print(f"Soko is {found.state}{': ' + found.url if found.url else ''}")
    for service in found.services:
        again = f"  restarted {service.restarts}x" if service.restarts else ""
        print(
            f"  {service.name:<14} {service.state:<11} pid {service.pid:<8}"
            f" {service.rss_mib:7.1f} MiB{again}"
            + (f"  {service.metrics}" if service.metrics else "")
        )
    if found.services:
        print(f"  {'total':<39} {sum(s.rss_mib for s in found.services):8.1f} MiB")
    for line in found.detail:
        print(f"  ! {line}")


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="One service; all of them by default.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to show.")] = 100,
    trace: Annotated[
        str, typer.Option(help="All lines of one trace instead, in the order of their time.")
    ] = "",
) -> None:
    """Print what the services wrote."""
    from devstack import log_view

    folder = _home().logs
    known = log_view.log_names(folder)
    if service and service not in known:
        _fail(f"There is no log of {service}. There are: {', '.join(known) or 'none yet'}")
    names = [service] if service else known
    try:
        if trace:
            found = log_view.lines_of_trace(folder, names, trace)
        else:
            found = log_view.last_lines(folder, names, lines)
        for line in found:
            print(line)
        if follow:
            for line in log_view.follow(folder, names):
                print(line, flush=True)
    except (KeyboardInterrupt, BrokenPipeError):
        # The reader has seen enough; Python would complain of the broken pipe at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
def mail(
    command: Annotated[str, typer.Argument(help="list, or show")] = "list",
    number: Annotated[int, typer.Argument(help="Which mail to show.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    source: Annotated[bool, typer.Option("--source", help="Show it as it was sent.")] = False,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="How many to list.")] = 20,
) -> None:
    """List the newest mails that were sent, or show one: ./soko mail show 3."""
    from devstack import mailbox

    folder = _home().mail
    if command == "show":
        try:
            print(
                mailbox.mail_source(folder, number) if source else mailbox.mail_text(folder, number)
            )
        except FileNotFoundError:
            _fail(f"There is no mail {number}.")
    elif command == "list":
        found = mailbox.mails(folder)
        if as_json:
            print(json.dumps([entry.as_json() for entry in found]))
            return
        for entry in found[-last:]:
            to = ", ".join(entry.to)
            print(f"{entry.number:>5}  {entry.received_at}  {to:<32}  {entry.subject}")
        if not found:
            print("No mail has arrived yet.")
        elif len(found) > last:
            print(f"and {len(found) - last} older: ./soko mail --last {len(found)}")
    else:
        _fail("Say ./soko mail, or ./soko mail show NUMBER.")


@app.command()
def audit(
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[
        float, typer.Option(min=0, help="Leave out what is younger, in seconds.")
    ] = 5.0,
    grace: Annotated[float, typer.Option(min=0, help="How late work may be, in seconds.")] = 60.0,
    patience: Annotated[
        float, typer.Option(min=0, help="How long two services may differ, in seconds.")
    ] = 30.0,
) -> None:
    """Check that stock, money, orders and events agree; 1 for findings, 2 if it cannot run."""
    from auditor.audit import AuditOptions
    from devstack.audit_command import audit as look

    options = AuditOptions(quiet_s=quiet, grace_s=grace, patience_s=patience)
    raise typer.Exit(look(_home(), options, as_json=as_json))


@app.command()
def reconcile(
    provider: Annotated[str, typer.Option(help="Whose report.")] = "sandbox",
    since: Annotated[
        datetime | None, typer.Option(formats=_TIMES, help="From then on; a day before the end.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=_TIMES, help="Until then; now by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compare the books with a provider's report; 1 for differences, 2 if it cannot run."""
    from devstack.reconcile_command import reconcile as compare

    raise typer.Exit(compare(_home(), provider, since, until, as_json=as_json))


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop everything and delete all data of this stack."""
    from devstack.display import display
    from devstack.running import stop

    home = _home()
    if not yes and not typer.confirm(f"Delete all data in {home.folder}?"):
        raise typer.Exit(1)
    with display() as screen:
        stop(home, screen)
    home.wipe()
    home.unfinished_restore.unlink(missing_ok=True)
    print(f"All data in {home.folder} is deleted.")


@admin.command()
def grant(email: str, role: str) -> None:
    """Give an account a role: operator, moderator or admin."""
    _tell_identity("grant", email, role)


@admin.command()
def revoke(email: str, role: str) -> None:
    """Take a role from an account; the last admin stays one."""
    _tell_identity("revoke", email, role)


@keys.command("list")
def list_keys() -> None:
    """Show every key and where it stands."""
    _tell_identity("keys", "list")


@keys.command()
def rotate(
    lead: Annotated[
        float, typer.Option(min=10, help="How long it is published before it signs, in seconds.")
    ] = 600.0,
    compromised: Annotated[
        bool,
        typer.Option(
            "--compromised",
            help="Somebody else may hold the present keys: sign with the new one at once, and"
            " refuse every token that was signed before.",
        ),
    ] = False,
) -> None:
    """Publish a new key, which signs after a while; the old one retires by itself."""
    _tell_identity("keys", "rotate", f"--lead={lead}", *(["--compromised"] if compromised else []))


@keys.command()
def retire(
    key: str,
    force: Annotated[
        bool, typer.Option("--force", help="Although tokens of it may not have expired.")
    ] = False,
) -> None:
    """Refuse a former key's tokens before its time."""
    _tell_identity("keys", "retire", key, *(["--force"] if force else []))


_Containers = Annotated[
    bool, typer.Option("--containers", help="Those that need a Docker engine, and only them.")
]


@app.command(context_settings=_PASSED_ON)
def test(
    context: typer.Context,
    containers: _Containers = False,  # noqa: PT028 - a command, not a test
) -> None:
    """Run the tests; arguments go to pytest."""
    if containers:
        os.environ["SOKO_CONTAINER_TESTS"] = "true"
        _become("-m", "pytest", "-s", "tests/deploy/containers", *context.args)
    _become("-m", "pytest", *context.args)


@app.command()
def check(
    audit: Annotated[
        bool, typer.Option("--audit", help="Ask for known vulnerabilities of the packages, too.")
    ] = False,
) -> None:
    """Look at format, lint, types, security, generated code, contracts and architecture."""
    from devstack.checks import run_checks

    failed = run_checks(audit=audit)
    if failed:
        _fail(f"\nNot in order: {', '.join(failed)}")
    print("\nAll in order.")


@app.command()
def baseline() -> None:
    """Take the contracts and revisions as they are for those of a release."""
    from devstack.baseline import take

    print(f"Later changes are compared with {take()[:12]}. Commit tests/contract.")


@app.command()
def fmt() -> None:
    """Format the code and mend what the linter can mend."""
    ruff = Path(sys.executable).parent / "ruff"
    files = [".", "soko"]
    linted = subprocess.run([ruff, "check", "--fix", *files], cwd=ROOT, check=False)
    formatted = subprocess.run([ruff, "format", *files], cwd=ROOT, check=False)
    raise typer.Exit(linted.returncode or formatted.returncode)


@app.command()
def protos() -> None:
    """Generate the Python code of the protos anew."""
    from devstack import protos as generated

    try:
        changed = generated.regenerate()
    except generated.ProtocError as error:
        _fail(str(error))
        return
    print("\n".join(changed) if changed else "The generated code was current.")


@app.command()
def lock(
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Take the newest versions.")] = False,
) -> None:
    """Write requirements.lock, requirements-dev.lock and the images' requirements/ anew."""
    from devstack.image_locks import write_exports
    from devstack.locks import LockError, write_locks

    try:
        write_locks(upgrade=upgrade)
        write_exports()
    except LockError as error:
        _fail(str(error))


@app.command()
def sbom(
    image: Annotated[str, typer.Argument(help="gateway, a service, or sandbox_provider.")],
) -> None:
    """Print what is in an image, as CycloneDX JSON."""
    from devstack.image_locks import IMAGES
    from devstack.sbom import bill_of_materials

    if image not in IMAGES:
        _fail(f"There is no image of {image}. There are: {', '.join(IMAGES)}")
    print(bill_of_materials(image))


@app.command()
def fuzz(
    examples: Annotated[
        int, typer.Option("--examples", min=1, help="Requests per operation, caller and kind.")
    ] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other requests.")] = 2026,
) -> None:
    """Send generated requests to every operation of a stack of its own."""
    os.environ["SOKO_FUZZ_EXAMPLES"], os.environ["SOKO_FUZZ_SEED"] = str(examples), str(seed)
    _become("-m", "pytest", "-s", "tests/security/test_fuzz.py")


@app.command(context_settings=_PASSED_ON, add_help_option=False)
def bench(context: typer.Context) -> None:
    """Measure a stack of its own; arguments go to the bench."""
    _become("-m", "devstack.bench", *context.args)


@app.command(context_settings=_PASSED_ON, add_help_option=False)
def chaos(context: typer.Context) -> None:
    """Break a stack of its own under load, and audit it; arguments go to chaos."""
    _become("-m", "devstack.chaos", *context.args)


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="soko")
    except HomeError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def _home() -> Home:
    return Home.of_environment()


def _tell_identity(*command: str) -> None:
    from devstack.identity_command import CommandRefusedError, tell_identity
    from devstack.running import running_state

    state = running_state(_home())
    if state is None or state.phase != "running":
        _fail("Soko is not running. Start it with: ./soko up")
        return
    try:
        print(tell_identity(_home(), state, *command))
    except CommandRefusedError as error:
        _fail(str(error))


def _become(*arguments: str) -> None:
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *arguments])


def _fail(text: str) -> None:
    print(text, file=sys.stderr)
    raise typer.Exit(1)
