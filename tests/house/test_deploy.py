"""deploy/: the scripts are clean, refuse what they can't do, and install, upgrade and uninstall for real below a folder."""

import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.house.checkout import ROOT, clean_environment

DEPLOY = ROOT / "deploy"
SCRIPTS = ["install.sh", "upgrade.sh", "uninstall.sh"]
UNITS = ["orgo.service", "orgo-worker@.service"]


def bash(script: Path, *words: str | Path, path: str = "") -> subprocess.CompletedProcess[str]:
    more = {"PATH": f"{path}:{os.environ['PATH']}"} if path else {}
    return subprocess.run(
        ["bash", str(script), *map(str, words)],
        env=clean_environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
    )


# ---------------------------------------------------------------- what is written


def test_the_scripts_are_clean() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    files = [
        *sorted(DEPLOY.glob("*.sh")),
        DEPLOY / "macos/install.sh",
        *sorted((DEPLOY / "helm/orgo/files").glob("*.sh")),
        DEPLOY / "orgo",
        ROOT / ".ci/run",
        ROOT / "tests/house/on_machine.sh",
    ]
    found = subprocess.run([shellcheck, "-x", "-P", ROOT, *files], cwd=ROOT, capture_output=True, text=True)

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_has_an_example_and_an_unknown_word_is_code_2(script: str) -> None:
    told, wrong = bash(DEPLOY / script, "--help"), bash(DEPLOY / script, "--frobnicate")

    assert told.returncode == 0 and "example:" in told.stdout
    assert wrong.returncode == 2 and "--frobnicate is not known here" in wrong.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--database", "mysql"], "--database is sqlite or postgresql, not mysql"),
        (["--broker", "kafka"], "--broker is none, redis or rabbitmq, not kafka"),
        (["--sample", "circus"], "there are: association city-hall company hospital school"),
        (["--root"], "--root needs a value"),
        (["--backup", "relative/folder"], "--backup wants the absolute path of a folder that is there"),
        (["--restore", "/etc/hostname"], "--restore wants the key too"),
        (["--skip-lost"], "--skip-lost goes with --restore"),
        (["--restore", "/nowhere", "--key", "/etc/hostname"], "/nowhere can't be read"),
    ],
)
def test_what_can_not_be_done_is_refused_before_anything_is(words: list[str], said: str) -> None:
    found = bash(DEPLOY / "install.sh", "--yes", *words)

    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr


def test_without_a_terminal_and_without_yes_nothing_is_done(tmp_path: Path) -> None:
    found = bash(DEPLOY / "install.sh", "--root", tmp_path / "root")

    assert found.returncode == 2 and "say --yes if you mean it" in found.stderr
    assert [*(tmp_path / "root").iterdir()] == []


def apt(folder: Path) -> str:
    """A folder for PATH with an apt-get and a useradd that fail when they are called."""
    for name in ("apt-get", "useradd"):
        stub(folder / name)
    return str(folder)


def stub(file: Path) -> None:
    file.write_text("#!/bin/sh\nexit 99\n")
    file.chmod(0o755)


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path: Path) -> None:
    places = [
        Path("/opt/orgo"),
        Path("/etc/orgo"),
        Path("/var/lib/orgo"),
        Path("/etc/systemd/system/orgo.service"),
    ]
    before = [place.exists() for place in places]
    words = ("--dry-run", "--sample", "school", "--database", "postgresql", "--broker", "redis")
    found = bash(DEPLOY / "install.sh", *words, path=apt(tmp_path))

    assert found.returncode == 0, found.stderr
    for wanted in (
        "apt-get -qq install -y",
        "postgresql redis-server",
        "useradd --system",
        "environment.py release",
    ):
        assert wanted in found.stdout, wanted
    assert "would make the role and the database orgo in PostgreSQL" in found.stdout
    assert "queue: redis://127.0.0.1:6379/0" in found.stdout
    assert [place.exists() for place in places] == before
    assert found.stdout.endswith("This was --dry-run: nothing was changed.\n")


def test_an_old_python_is_replaced_by_one_that_uv_brings(tmp_path: Path) -> None:
    for minor in ("3", "3.11", "3.12", "3.13", "3.14"):
        stub(tmp_path / f"python{minor}")
    found = bash(DEPLOY / "install.sh", "--dry-run", "--root", tmp_path / "root", path=str(tmp_path))

    assert found.returncode == 0, found.stderr
    assert "no Python 3.11 or later: one is brought by uv" in found.stdout
    (fetched,) = [line for line in found.stdout.splitlines() if "pip install" in line]
    assert "--require-hashes" in fetched and "python install" in found.stdout
    assert not (tmp_path / "root").exists()


def program(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/bash\n{text}\n")
    file.chmod(0o755)


def downloads(folder: Path) -> Path:
    """What uv is told of the Pythons that there are: one, whose archive has the form of those and a stand-in in it."""
    made = folder / "python"
    (made / "bin").mkdir(parents=True)
    program(made / "bin/python3.12", "echo the one that uv brought")
    (made / "bin/python3").symlink_to("python3.12")
    library = made / "lib/python3.12"
    library.mkdir(parents=True)
    head = "# system configuration generated and used by the sysconfig module\n"
    (library / "_sysconfigdata__linux_-linux-gnu.py").write_text(f"{head}build_time_vars = {{}}\n")
    archive = shutil.make_archive(str(folder / "archive"), "gztar", folder, "python")
    kind = {"arch": {"family": platform.machine(), "variant": None}, "os": "linux", "libc": "gnu"}
    version = {"name": "cpython", "major": 3, "minor": 12, "patch": 99, "prerelease": "", "variant": None}
    one = {**kind, **version, "url": f"file://{archive}", "sha256": None}
    told = folder / "downloads.json"
    told.write_text(json.dumps({f"cpython-3.12.99-linux-{platform.machine()}-gnu": one}))
    return told


@pytest.mark.slow
def test_an_old_python_brings_the_uv_of_the_lock_and_that_a_newer_one(tmp_path: Path) -> None:
    for minor in ("11", "12", "13", "14"):
        stub(tmp_path / f"python3.{minor}")
    program(tmp_path / "python3", f'[[ $1 != -c ]] || exit 1\nexec {sys.executable} "$@"')
    lines = 'source "$1"; root_of "$2"; find_python; bring_python >/dev/null; "$(find_python)"; "$ROOT$OPT/tools/bin/uv" --version'
    environment = clean_environment(
        PATH=f"{tmp_path}:{os.environ['PATH']}", HOME=str(tmp_path / "home"),
        UV_PYTHON_DOWNLOADS_JSON_URL=str(downloads(tmp_path / "online")),
    )  # fmt: skip
    found = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines, "bash", DEPLOY / "lib.sh", tmp_path / "root"],
        env=environment, capture_output=True, text=True, timeout=280,
    )  # fmt: skip

    assert found.returncode == 0, found.stderr
    (pinned,) = re.findall(r"^uv==(\S+)", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
    brought, uv = found.stdout.splitlines()
    assert brought == "the one that uv brought" and uv.split()[:2] == ["uv", pinned]
    assert not (tmp_path / "home/.local").exists()


def test_a_distribution_with_an_old_postgresql_is_told_where_to_get_a_newer_one(tmp_path: Path) -> None:
    program(tmp_path / "apt-cache", "echo '  Candidate: 1:12+214ubuntu0.1'")
    found = bash(DEPLOY / "install.sh", "--dry-run", "--database", "postgresql", path=apt(tmp_path))

    assert found.returncode == 69 and "brings PostgreSQL 12, Orgo wants 14 or later" in found.stderr
    assert "apt.postgresql.org.sh" in found.stderr


@pytest.fixture
def rhel(tmp_path: Path) -> Path:
    """A folder for PATH that has everything of this machine but apt-get, and a dnf of RHEL 10."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in ("/bin", "/usr/bin", "/usr/sbin"):
        for file in Path(place).iterdir():
            if file.name != "apt-get" and not (folder / file.name).exists():
                (folder / file.name).symlink_to(file)
    program(folder / "dnf", """case "$*" in
        *'list redis' | *'list rabbitmq-server' | *'module list'*) exit 1 ;;
        *repoquery*) echo 16.4 ;;
    esac""")  # fmt: skip
    return folder


def on_rhel(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(DEPLOY / "install.sh"), "--dry-run", *words]
    return subprocess.run(
        command, env=clean_environment(PATH=str(folder)), capture_output=True, text=True, timeout=60
    )


def test_a_machine_of_the_rhel_family_gets_what_its_own_release_has(rhel: Path) -> None:
    found = on_rhel(rhel, "--database", "postgresql", "--broker", "redis")

    assert found.returncode == 0, found.stderr
    assert (
        "dnf -q install -y python3 ca-certificates util-linux tar findutils postgresql-server valkey"
        in found.stdout
    )
    program(rhel / "dnf", "exit 0")
    assert "dnf -q module enable -y postgresql:16" in on_rhel(rhel, "--database", "postgresql").stdout


def test_what_the_rhel_family_does_not_bring_is_said(rhel: Path) -> None:
    found = on_rhel(rhel, "--broker", "rabbitmq")
    program(rhel / "dnf", "[[ $* != *module* ]] || exit 1; echo 13.14")
    old = on_rhel(rhel, "--database", "postgresql")

    assert found.returncode == 69 and "brings no rabbitmq-server" in found.stderr
    assert old.returncode == 69 and "brings PostgreSQL 13" in old.stderr


def test_every_credential_of_the_units_is_made_by_the_installer_and_the_other_way_round() -> None:
    made = set(re.search(r"CREDENTIALS=\(([^)]*)\)", (DEPLOY / "lib.sh").read_text())[1].split())  # type: ignore[index]
    for unit in UNITS:
        loaded = re.findall(
            r"^LoadCredential=(\w+):/etc/orgo/credentials/(\w+)$",
            (DEPLOY / "systemd" / unit).read_text(),
            re.MULTILINE,
        )
        assert {name for name, _ in loaded} == {file for _, file in loaded} == made


# ---------------------------------------------------------------- servers in front of it


@pytest.mark.needs("nginx")
def test_nginx_takes_its_sample(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orgo.organization.com")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + timedelta(days=9)).sign(
        key, SHA256()
    )
    (tmp_path / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    text = (DEPLOY / "nginx/orgo.conf").read_text()
    text = re.sub(r"/etc/letsencrypt/\S+/fullchain.pem", f"{tmp_path}/cert.pem", text)
    text = re.sub(r"/etc/letsencrypt/\S+/privkey.pem", f"{tmp_path}/key.pem", text)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}\n}}\n"
    )
    found = subprocess.run(
        [
            shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx",
            "-t",
            "-q",
            "-c",
            tmp_path / "nginx.conf",
        ],
        capture_output=True,
        text=True,
    )

    # what is deprecated is still taken: a later nginx says so, and this is no error
    assert found.returncode == 0, found.stderr
    assert [line for line in found.stderr.splitlines() if "[warn]" not in line] == []


@pytest.mark.needs("caddy")
def test_caddy_takes_its_sample(tmp_path: Path) -> None:
    words = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "caddy/Caddyfile")]
    settings = clean_environment(
        HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path)
    )
    found = subprocess.run(words, env=settings, capture_output=True, text=True)

    assert found.returncode == 0 and "Valid configuration" in found.stdout + found.stderr, found.stderr
    assert '"warn"' not in found.stderr


# ---------------------------------------------------------------- a real installation below a folder


def source_of(folder: Path) -> Path:
    """A copy of this checkout's files, to be changed."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", "src", "config", "deploy", "tools/environment.py", "*.txt", "*.toml", "uv.lock"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def copied(source: str, target: str) -> None:
    """A copy of a file; of the program's, which nobody writes to, only another name."""
    (os.link if "/opt/orgo/" in source else shutil.copy2)(source, target)


class Installed:
    """An Orgo below `root`, installed from `source`."""

    def __init__(self, root: Path, source: Path) -> None:
        self.root, self.source = root, source

    def script(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        return bash(self.source / "deploy" / name, "--yes", "--root", self.root, *words)

    def orgo(self, *words: str) -> subprocess.CompletedProcess[str]:
        home = self.root / "var/lib/orgo"
        return subprocess.run(
            [self.root / "opt/orgo/current/bin/orgo", *words],
            env=clean_environment(ORGO_HOME=str(home)), cwd=home, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    @property
    def release(self) -> str:
        return (self.root / "opt/orgo/current").readlink().name

    def users(self) -> int:
        with sqlite3.connect(self.root / "var/lib/orgo/var/orgo.db") as database:
            return int(database.execute("SELECT count(*) FROM people_user").fetchone()[0])


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installation that is only looked at."""
    made = Installed(tmp_path_factory.mktemp("root"), source_of(tmp_path_factory.mktemp("source")))
    done = made.script("install.sh", "--sample", "hospital")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Administrator: admin@st-anne.example" in done.stdout and "/sign-in/" in done.stdout
    return made


@pytest.fixture
def installed(fresh: Installed, tmp_path: Path) -> Iterator[Installed]:
    """The same, to be changed, with a source to be changed; put back as it was."""
    kept = tmp_path / "kept"
    shutil.copytree(fresh.root, kept, symlinks=True, copy_function=copied)
    source = source_of(tmp_path / "source")
    yield Installed(fresh.root, source)
    shutil.rmtree(fresh.root)
    shutil.move(kept, fresh.root)


@pytest.mark.slow
def test_what_is_installed_works_by_itself(fresh: Installed, tmp_path: Path) -> None:
    routed = fresh.orgo("mail", "route", "config/samples/water-leak.eml")
    checked = fresh.orgo("config", "check")

    assert "Routed To: facilities@st-anne.example" in routed.stdout, routed.stderr
    assert checked.returncode == 0 and "0 errors" in checked.stdout
    tried = [
        json.loads(line) for line in fresh.orgo("selftest", "--json", "--tasks", "1000").stdout.splitlines()
    ]
    assert [one["passed"] for one in tried[:2]] == [True, True]
    place = fresh.orgo("config", "show", "--json").stdout
    assert str(ROOT) not in place
    secrets = list((fresh.root / "etc/orgo/credentials").iterdir())
    assert len(secrets) == 6 and all(path.stat().st_mode & 0o077 == 0 for path in secrets)


@pytest.mark.slow
@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS)
def test_the_units_are_right_and_hardened(fresh: Installed, tmp_path: Path, unit: str) -> None:
    text = (
        (fresh.root / "etc/systemd/system" / unit).read_text().replace("/opt/orgo", f"{fresh.root}/opt/orgo")
    )
    file = tmp_path / unit.replace("@", "@1")
    file.write_text(text)
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True)
    watched = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", file],
        capture_output=True,
        text=True,
    )

    assert (verified.returncode, verified.stderr) == (0, "")
    assert watched.returncode == 0, watched.stdout


@pytest.mark.slow
def test_to_install_again_keeps_what_is_there(installed: Installed) -> None:
    rules = installed.root / "etc/orgo/rules.yaml"
    rules.write_text(rules.read_text() + "# mine\n")
    before = (installed.release, installed.users())
    again = installed.script("install.sh", "--sample", "school")

    assert again.returncode == 0, again.stderr
    assert f"release {before[0]} is there already" in again.stdout
    assert "is kept" in again.stdout and rules.read_text().endswith("# mine\n")
    assert (installed.release, installed.users()) == before


def changed(source: Path) -> None:
    file = source / "src/orgo/ops/schema.py"
    file.write_text(file.read_text() + "\n# a later version\n")


@pytest.mark.slow
def test_an_upgrade_backs_up_and_switches(installed: Installed) -> None:
    old = installed.release
    changed(installed.source)
    refused, done = installed.script("install.sh"), installed.script("upgrade.sh")

    assert refused.returncode == 5 and "deploy/upgrade.sh" in refused.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert installed.release != old and installed.users() == 28
    (backup,) = (installed.root / "var/backups/orgo").iterdir()
    assert sorted(path.name for path in backup.iterdir()) == [
        "configuration.tar",
        "database.sqlite3",
        "placed.tar",
        "var.tar",
    ]
    assert "nothing to do" in installed.script("upgrade.sh").stdout


@pytest.mark.slow
def test_to_uninstall_keeps_the_data_and_to_purge_does_not(installed: Installed) -> None:
    looked = installed.script("uninstall.sh", "--dry-run", "--purge")
    assert looked.returncode == 0 and installed.orgo("--version").returncode == 0

    assert installed.script("uninstall.sh").returncode == 0
    assert not (installed.root / "opt/orgo").exists() and not list(
        (installed.root / "usr/local/bin").iterdir()
    )
    assert installed.users() == 28 and (installed.root / "etc/orgo/rules.yaml").is_file()
    assert installed.script("uninstall.sh").returncode == 0

    assert installed.script("uninstall.sh", "--purge").returncode == 0
    assert not (installed.root / "etc/orgo").exists() and not (installed.root / "var/lib/orgo").exists()
