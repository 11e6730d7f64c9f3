"""The order in which files are looked for is fixed, and two at once are an error."""

from pathlib import Path

import pytest

from orgo.conf import load, places
from orgo.lib.problems import BadInput
from tests.unit.conf.conftest import Write

PORT = "web: {port: %d}\n"


def test_the_home_is_the_current_folder_or_the_one_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ORGO_HOME wins; one that is no folder is an error."""
    monkeypatch.chdir(home)
    (home / "other").mkdir()

    assert places.home_of({}) == home
    assert places.home_of({"ORGO_HOME": str(home / "other")}) == home / "other"
    with pytest.raises(BadInput, match="ORGO_HOME"):
        places.home_of({"ORGO_HOME": str(home / "nothing")})


@pytest.mark.parametrize("name", ["config.yaml", "config/config.yaml"])
def test_a_config_is_found_in_both_places(home: Path, write: Write, name: str) -> None:
    """In the home and in config/."""
    write(name, PORT % 8123)

    assert load(home, {}).web.port == 8123


@pytest.mark.parametrize("name", ["config.yaml", "rules.yaml", "people.yaml"])
def test_two_files_at_once_are_an_error_naming_both(home: Path, write: Write, name: str) -> None:
    """Orgo does not guess which one counts."""
    for place in ("", "config/"):
        write(place + name, "# empty\n")

    with pytest.raises(BadInput, match=f"{name} and config/{name}"):
        load(home, {})


def test_orgo_config_names_the_one_file(home: Path, write: Write) -> None:
    """The others are not looked at; a file that is not there is an error."""
    write("config.yaml", PORT % 1)
    write("elsewhere/own.yaml", PORT % 2)

    assert load(home, {"ORGO_CONFIG": "elsewhere/own.yaml"}).web.port == 2
    with pytest.raises(BadInput, match="ORGO_CONFIG"):
        load(home, {"ORGO_CONFIG": "elsewhere/none.yaml"})


def test_rules_and_people_are_looked_for_beside_the_named_config_too(home: Path, write: Write) -> None:
    """The demo's city needs no more than ORGO_CONFIG."""
    write("city/config.yaml", PORT % 2)
    people = write("city/people.yaml", "users: []\n")

    assert load(home, {"ORGO_CONFIG": "city/config.yaml"}).people == people


def test_a_container_has_a_place_of_its_own(
    home: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/config is looked at in a container only."""
    write("mounted/config.yaml", PORT % 8124)
    monkeypatch.setattr(places, "CONTAINER_FOLDER", home / "mounted")
    monkeypatch.setattr(places, "_CONTAINER_MARKS", ())

    assert load(home, {}).web.port == 8000
    assert load(home, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).web.port == 8124
