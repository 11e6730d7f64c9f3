"""The configurations that come with Orgo are right as they are."""

import re
from pathlib import Path

import pytest

from orgo.conf import check, load
from orgo.conf.config import Config
from orgo.demo.samples import CITY

ROOT = Path(__file__).resolve().parents[3]


_SECRETS = {
    "ORGO_IMAP_PASSWORD": "x",
    "ORGO_SMTP_PASSWORD": "x",
    "ORGO_CHAT_URL": "https://chat.organization.com/hooks/x",
    "BACKUP_KEY": "0123456789abcdef" * 4,
    "S3_ACCESS_KEY": "x",
    "S3_SECRET_KEY": "x",
    "OUTSIDE_WATCH_URL": "https://watch.outside.example/ping/x",
}


@pytest.mark.parametrize("home", [ROOT / "config", CITY], ids=["config", "city"])
def test_a_shipped_folder_loads_without_errors(home: Path) -> None:
    """And with no warning at all when it is read."""
    config = load(home, {})

    assert config.warnings == ()
    assert [problem for problem in check(config) if problem.severity == "error"] == []
    assert config.triage_team is not None


def test_the_commented_lines_of_the_sample_are_right_too(tmp_path: Path) -> None:
    """Uncommented, all of it is read: nobody copies a line that is refused."""
    lines = (ROOT / "config" / "config.yaml").read_text("utf-8").splitlines()
    keys = [line.removeprefix("#") for line in lines if re.match(r"#([a-z]|  )", line)]  # the rest is prose
    text = "\n".join(keys)
    (tmp_path / "config.yaml").write_text(text)
    config = load(tmp_path, _SECRETS)

    assert set(config.model_fields_set) >= set(Config.model_fields) - {
        "mailboxes",
        "database_may_lose_data",
        "triage",
        "rules",
        "people",
        "limits",
    }
    assert [problem.message for problem in config.warnings] == []


def test_the_defaults_in_the_sample_are_the_defaults(tmp_path: Path) -> None:
    """The listener, the page and the levels stand there as they are."""
    plain = load(tmp_path, {})
    text = (ROOT / "config" / "config.yaml").read_text("utf-8")

    assert f"port: {plain.web.port}" in text
    assert f"port: {plain.intake.smtp.port}" in text
    assert plain.database in text
    assert "{after: 1 day, to: supervisor}" in text
