#!/usr/bin/env python3
"""A stand-in for systemctl where no systemd runs: it starts what a unit says, as its user and with its credentials.

Of a unit it heeds ExecStart, User, Environment, WorkingDirectory, LoadCredential, UMask, PartOf, and the links of [Install],
which the real systemctl makes. The distribution's servers it starts by their own commands.
"""

import fnmatch
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS, STATE = Path("/etc/systemd/system"), Path("/run/started")
CLUSTER = max((path.name for path in Path("/etc/postgresql").glob("*")), default="", key=int)
SERVERS = {
    "postgresql": ["pg_ctlcluster", "--skip-systemctl-redirect", CLUSTER, "main", "start"],
    "redis-server": ["redis-server", "--daemonize", "yes", "--save", "", "--dir", "/tmp"],
    "rabbitmq-server": ["rabbitmq-server"],
}


def main(words: list[str]) -> int:
    command = words[0]
    names = [word.removesuffix(".service") + ".service" for word in words[1:] if not word.startswith("-")]
    if command == "--version":
        print("systemd 252 (stand-in)")
    elif command in ("enable", "disable", "reenable"):
        own = [name for name in names if name.startswith("orgo")]
        if own:
            subprocess.run(["/usr/bin/systemctl", "--root=/", "--quiet", command, *own], check=True)
        if "--now" in words:
            _each(start if command == "enable" else stop, names)
    elif command == "list-units":
        print(
            "\n".join(
                f"{name} loaded active running" for name in running() if fnmatch.fnmatch(name, names[0])
            )
        )
    elif command == "restart":
        together = [other for name in names for other in dependents(name) if other in running()]
        _each(stop, names)
        _each(start, [*names, *together])
    elif command in ("start", "stop"):
        _each(start if command == "start" else stop, names)
    return 0


def _each(work: object, names: list[str]) -> None:
    for name in names:
        work(name)  # type: ignore[operator]


def running() -> list[str]:
    """The units whose process lives."""
    return sorted(
        file.name for file in STATE.glob("orgo*.service") if Path("/proc", file.read_text()).exists()
    )


def settings(name: str) -> dict[str, list[str]]:
    """What a unit and its drop-ins say, each key with its values."""
    template = name if "@" not in name else name.partition("@")[0] + "@.service"
    found: dict[str, list[str]] = {}
    for file in [UNITS / template, *sorted((UNITS / f"{template}.d").glob("*.conf"))]:
        for line in file.read_text().splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                found.setdefault(key, []).append(
                    value.replace("%i", name.partition("@")[2].partition(".")[0])
                )
    return found


def dependents(name: str) -> list[str]:
    return [other for other in running() if name in " ".join(settings(other).get("PartOf", [])).split()]


def start(name: str) -> None:
    """Start a unit, and what its enabled links want with it."""
    STATE.mkdir(exist_ok=True)
    if not name.startswith("orgo"):
        return start_server(name.removesuffix(".service"))
    if name not in running():
        told = settings(name)
        given = STATE / f"{name}.credentials"
        shutil.rmtree(given, ignore_errors=True)
        given.mkdir()
        user = told["User"][0]
        for credential in told.get("LoadCredential", []):
            label, _, source = credential.partition(":")
            shutil.copy(source, given / label)
            shutil.chown(given / label, user)
        shutil.chown(given, user)
        environment = dict(word.split("=", 1) for word in told["Environment"])
        with (STATE / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                told["ExecStart"][0].split(), cwd=told["WorkingDirectory"][0], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "CREDENTIALS_DIRECTORY": str(given), **environment},
                user=user, group=told["Group"][0], extra_groups=[], umask=int(told["UMask"][0], 8), start_new_session=True,
            )  # fmt: skip
        (STATE / name).write_text(str(process.pid))
    for wanted in sorted((UNITS / f"{name}.wants").glob("*")):
        start(wanted.name)
    return None


def start_server(name: str) -> None:
    mark = STATE / name
    if not mark.exists():
        mark.touch()
        environment = {**os.environ, "RABBITMQ_NODENAME": "rabbit@localhost", "HOME": "/root"}
        log = (STATE / f"{name}.log").open("ab")
        process = subprocess.Popen(
            SERVERS[name], env=environment, stdout=log, stderr=log, start_new_session=True
        )
        if name != "rabbitmq-server":
            process.wait()


def stop(name: str) -> None:
    for other in dependents(name):
        stop(other)
    if name in running():
        pid = int((STATE / name).read_text())
        os.kill(pid, signal.SIGTERM)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.1)
    (STATE / name).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
