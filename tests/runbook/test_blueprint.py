"""The blueprint as a reader types it: a fresh copy of the checkout, an environment outside it, pip only, in this order."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runbook.reader import Reader, copy_of_the_checkout, page_answers, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
BLOCK = """\
Parsed Email:
Sender: secretary@organization.com
Subject: Water Leak in Room 102
Keywords: [urgent, leak]
Routed To: maintenance@organization.com
"""
CONFIG = """\
smtp:
  host: "smtp.organization.com"
  port: 587
  username: "orgo@organization.com"
  password: "secure_password"
imap:
  host: "imap.organization.com"
  port: 993
  username: "orgo@organization.com"
  password: "secure_password"
"""
RULES = """\
rules:
  - condition: "subject contains 'urgent'"
    action:
      route_to: "maintenance@organization.com"
      escalate_after: "2 hours"
"""
WORKFLOWS = """\
workflow_rules:
  - type: "maintenance"
    condition: "subject contains 'leak'"
    action:
      route_to: "maintenance@organization.com"
      escalate_after: "2 hours"
      escalate_to: "supervisor@organization.com"
      notify: "admin@organization.com"
  - type: "school"
    condition: "organization == 'school'"
    action:
      route_to: "reception@organization.com"
"""


@pytest.fixture(scope="module")
def reader(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A reader who has cloned the repository, made `orgo-env` and typed the first command."""
    folder = tmp_path_factory.mktemp("blueprint") / "orgo"
    copy_of_the_checkout(folder)
    return Reader(folder, environment)


def test_the_packages_are_installed_without_the_project_itself(reader: Reader) -> None:
    assert reader.types("pip show orgo-mail").returncode != 0
    assert reader.types("python -c 'import orgo'").returncode != 0


@pytest.mark.needs("sqlite3")
def test_schema_sql_makes_the_offline_database_and_may_be_run_twice(reader: Reader) -> None:
    for _ in range(2):
        answer = reader.types("sqlite3 orgo_offline.db < schema.sql")
        assert (answer.returncode, answer.stderr) == (0, "")


def test_setup_py_sets_up_and_prints_a_sign_in_link(reader: Reader) -> None:
    answer = reader.types("python setup.py")
    assert answer.returncode == 0, answer.stderr
    assert re.search(r"http://127\.0\.0\.1:[0-9]+/sign-in/\S{40,}", answer.stdout)
    if (reader.checkout / "orgo_offline.db").exists():
        assert "orgo_offline.db is ready" in answer.stdout


def test_setup_py_is_no_build_file(reader: Reader) -> None:
    answer = reader.types("python setup.py install")
    assert answer.returncode == 2
    assert "hatchling" in answer.stderr


def test_mail_route_prints_the_blueprints_block_word_for_word(reader: Reader) -> None:
    answer = reader.types("./orgo mail route config/samples/water-leak.eml")
    assert (answer.returncode, answer.stdout) == (0, BLOCK), answer.stderr


@pytest.fixture
def running(reader: Reader, tmp_path: Path) -> Iterator[Path]:
    """`python main.py` at work; gives its log."""
    log = tmp_path / "main.log"
    with reader.working(log):
        yield log


def test_main_py_writes_the_block_to_its_log_for_a_mail_that_really_arrives(
    reader: Reader, running: Path
) -> None:
    sent = reader.types("./orgo mail send-sample")
    assert sent.returncode == 0, sent.stderr
    wait_for(lambda: BLOCK.strip() in running.read_text())
    listed = reader.types("./orgo task list")
    assert "Water Leak in Room 102" in listed.stdout


def test_celery_without_a_queue_ends_with_one_clear_line(reader: Reader) -> None:
    config = reader.checkout / "config" / "config.yaml"
    written = config.read_text()  # setup.py may have found a broker on this machine
    config.write_text(re.sub(r"(?m)^queue:.*\n", "", written))
    try:
        answer = reader.types("celery -A tasks worker --loglevel=info")
    finally:
        config.write_text(written)
    assert answer.returncode == 2
    assert "queue: none is configured" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_blueprints_files_are_taken_as_printed(reader: Reader) -> None:
    home = written(reader, "as-printed", config=CONFIG, rules=RULES)
    answer = reader.types("./orgo config check && ./orgo rules check", ORGO_HOME=str(home))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "in clear" in answer.stdout + answer.stderr


def test_the_blueprints_workflow_rules_are_taken_as_printed(reader: Reader) -> None:
    home = written(reader, "workflows", rules=WORKFLOWS)
    answer = reader.types("./orgo rules check", ORGO_HOME=str(home))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_flat_config_is_refused_with_the_indented_form(reader: Reader) -> None:
    home = written(reader, "flat", config=re.sub(r"^ +", "", CONFIG, flags=re.MULTILINE))
    answer = reader.types("./orgo config check", ORGO_HOME=str(home))
    assert answer.returncode == 2
    assert "  host:" in answer.stderr


@pytest.mark.parametrize("command", ["python setup.py", "python main.py", "./orgo rules check"])
def test_flat_rules_are_refused_with_the_indented_form(reader: Reader, command: str) -> None:
    home = written(reader, f"flat-{len(command)}", rules=re.sub(r"^ +", "", RULES, flags=re.MULTILINE))
    answer = reader.types(command, ORGO_HOME=str(home))
    assert answer.returncode == 2
    assert "  - condition:" in answer.stderr and "Traceback" not in answer.stderr


def test_a_server_that_cannot_be_reached_does_not_stop_the_start_and_shows(
    reader: Reader, tmp_path: Path
) -> None:
    home = written(
        reader, "unreachable", config=CONFIG.replace("organization.com", "organization.invalid"), rules=RULES
    )
    process = reader.starts(f"env ORGO_HOME={home} python main.py", tmp_path / "log")
    try:
        wait_for(lambda: page_answers(reader) or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "log").read_text()
        wait_for(lambda: "orgo@organization.invalid is unreachable since" in status(reader, home))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=40)


def status(reader: Reader, home: Path) -> str:
    return reader.types(f"env ORGO_HOME={home} ./orgo status").stdout


def written(reader: Reader, name: str, **files: str) -> Path:
    """A home of its own with these files in `config/`."""
    folder = reader.checkout / "var" / name / "config"
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / f"{file}.yaml").write_text(text)
    return folder.parent
