"""A backup's files come to where Orgo looks for them here, and afterwards it finds one of each."""

from pathlib import Path

import pytest

from orgo.backup.placing import put_files
from orgo.conf import load, places

FILES = {
    "config/config.yaml": "web: {port: 8123}\n",
    "config/rules.yaml": "version: 1\nrules: []\n",
    "config/templates/received.txt": "Thank you.\n",
    "var/secret.key": "the house's",
}
IN_CONTAINER = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
NEW = "sqlite:///./var/orgo.db"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """An unpacked backup."""
    fill(tmp_path / "unpacked", FILES)
    return tmp_path / "unpacked"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "var").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The container's folder, in which somebody else's files lie, as they do in `/config`."""
    monkeypatch.setattr(places, "CONTAINER_FOLDER", tmp_path / "mounted")
    fill(tmp_path / "mounted", {"config.yaml": "web: {port: 9}\n", "rules.yaml": FILES["config/rules.yaml"]})
    return tmp_path / "mounted"


def fill(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("new", [None, NEW])
def test_a_containers_folder_is_left_alone(
    files: Path, home: Path, mounted: Path, monkeypatch: pytest.MonkeyPatch, new: str | None
) -> None:
    """Though it and the home could be written, and the database is new."""
    before = texts(mounted)

    beside = put_files(files, home, IN_CONTAINER, new)

    differing = ["config/config.yaml", "config/templates/received.txt"]
    assert beside == [str(home / "var" / "from-backup" / name) for name in differing]
    assert texts(mounted) == before
    assert texts(home) == {
        **{f"var/from-backup/{name}": FILES[name] for name in differing},
        "var/secret.key": "the house's",
    }
    config = load(home, IN_CONTAINER)
    assert config.web.port == 9 and config.rules == mounted / "rules.yaml"


def test_a_home_in_a_container_without_that_folder_is_one_as_any_other(
    files: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "CONTAINER_FOLDER", tmp_path / "none")

    assert put_files(files, home, IN_CONTAINER, None) == []
    assert texts(home) == FILES and load(home, IN_CONTAINER).web.port == 8123


@pytest.mark.parametrize("new", [None, NEW])
def test_what_may_not_be_written_goes_to_var(
    files: Path, home: Path, monkeypatch: pytest.MonkeyPatch, new: str | None
) -> None:
    """A home of which only `var` is Orgo's, with rules at its top."""
    fill(home, {"rules.yaml": "version: 1\n"})
    monkeypatch.setattr("orgo.backup.placing.may_write", lambda folder: folder.is_relative_to(home / "var"))

    beside = put_files(files, home, {}, new)

    aside = [name for name in FILES if name.startswith("config/")]
    assert beside == [str(home / "var" / "from-backup" / name) for name in aside]
    assert {*texts(home)} == {"rules.yaml", "var/secret.key", *(f"var/from-backup/{name}" for name in aside)}


@pytest.mark.parametrize(
    ("new", "left"), [(None, "rules.yaml.from-backup"), (NEW, "rules.yaml.before-restore")]
)
def test_a_named_configuration_has_its_files_beside_it(
    files: Path, home: Path, tmp_path: Path, new: str | None, left: str
) -> None:
    """What ORGO_CONFIG names is what Orgo goes by: it is written there, and what is there already is its twin."""
    own = tmp_path / "etc"
    fill(own, {"rules.yaml": "version: 1\n"})
    environ = {"ORGO_CONFIG": str(own / "own.yaml")}

    assert put_files(files, home, environ, new) == [str(own / left)]

    assert texts(home) == {"var/secret.key": "the house's"}
    assert texts(own)["own.yaml"] == FILES["config/config.yaml"] and "templates/received.txt" in texts(own)
    config = load(home, environ)
    assert config.web.port == 8123 and config.rules == own / "rules.yaml"


def test_a_file_beside_another_of_its_name_in_the_home_would_be_one_too_many(files: Path, home: Path) -> None:
    fill(home, {"rules.yaml": "version: 1\n"})

    assert put_files(files, home, {}, None) == [str(home / "config" / "rules.yaml.from-backup")]
    assert load(home, {}).rules == home / "rules.yaml"
