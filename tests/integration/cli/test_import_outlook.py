"""`orgo import` of Outlook's archives: whole ones, broken ones, again, under another name, after a kill, without a network."""

import io
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import absent

ROOT = Path(__file__).resolve().parents[3]


@cache
def outlook_files() -> Path:
    """Archives that Outlook wrote: the npm package pst-extractor brings them among its examples."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="orgo-outlook-"))
    subprocess.run(
        ["npm", "pack", "--silent", "pst-extractor@1.12.0"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (package,) = folder.glob("*.tgz")
    shutil.unpack_archive(package, folder)
    return folder / "package" / "example" / "testdata"


@pytest.fixture
def enron() -> Path:
    return outlook_files() / "enron.pst"


needs_npm = pytest.mark.needs("npm")


@needs_npm
def test_an_archive_comes_in_as_history_and_only_once_under_any_name(office, run, enron, tmp_path):
    """bad input 87."""
    code, out, err = run("import", str(enron), "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["new"], found["history"], found["unread"]) == (71, 71, [])
    office.settle()
    assert office.tasks() == 0 and office.told() == []

    other = shutil.copy(enron, tmp_path / "other name.pst")
    code, out, _ = run("import", str(other))
    assert code == 0 and out.startswith("already imported: 71 mails, 0 new")


@pytest.fixture
def sample(corpus):
    return corpus / "pst" / "pstsdk" / "sample1.pst"


@pytest.fixture
def harmed(sample, tmp_path):
    """The same archive without its mail's attachment."""
    whole = bytearray(sample.read_bytes())
    whole[23128:23192] = bytes(byte ^ 0xFF for byte in whole[23128:23192])
    file = tmp_path / "harmed.pst"
    file.write_bytes(whole)
    return file


def new_of(run, file):
    code, out, err = run("import", str(file), "--json")
    assert code in (0, 6), err
    return json.loads(out.splitlines()[0])["new"]


def test_a_mail_of_a_damaged_archive_is_known_where_the_whole_one_is(office, run, sample, harmed):
    """bad input 87."""
    assert [new_of(run, file) for file in (sample, harmed, sample)] == [1, 0, 0]


def test_a_damaged_mail_never_keeps_the_whole_one_out(office, run, sample, harmed):
    assert [new_of(run, file) for file in (harmed, sample, harmed, sample)] == [1, 1, 0, 0]


def test_a_mail_is_known_when_it_is_composed_in_another_way_or_was_stored_under_its_bytes(
    office, run, sample, monkeypatch
):
    """A new version of the reader, and what a version before the keys imported."""
    from orgo.intake import importing

    with monkeypatch.context() as patched:
        patched.setattr(importing, "keys_of", lambda item, real=importing.keys_of: real(item)[1:])
        assert new_of(run, sample) == 1
    assert new_of(run, sample) == 0
    from orgo.intake.models import Mail

    Mail.objects.all().delete()
    assert new_of(run, sample) == 1
    monkeypatch.setattr(
        importing, "take", lambda batch, *rest, real=importing.take: real([other(i) for i in batch], *rest)
    )
    assert new_of(run, sample) == 0


def other(item):
    from dataclasses import replace

    return replace(item, data=item.data + b"\r\n")


def test_contacts_and_the_like_are_counted(office, run, corpus):
    file = str(corpus / "pst" / "java-libpst" / "dist-list.pst")
    assert "1 appointment, 1 contact, 1 distribution list, 1 other item left out" in run("import", file)[1]
    found = json.loads(run("import", file, "--json")[1])
    assert found["others"] == {"appointment": 1, "contact": 1, "distribution list": 1, "other item": 1}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_how_far_it_is_and_how_fast(monkeypatch):
    from orgo.cli.importing import progress
    from orgo.intake.importing import Count

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("Importing", 1000) as shown:
        for done in (500, 1000):
            shown(Count(bytes=done, mails=done // 10))
    words = terminal.getvalue()

    assert "100%" in words and "100 mails (" in words and "a second)" in words


@needs_npm
def test_as_work_young_mail_becomes_tasks_and_old_mail_history(office, run, enron):
    code, out, err = run("import", str(enron), "--as", "work", "--since", "2001-10-01", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["work"] > 10 and found["history"] > 10 and found["work"] + found["history"] == 71
    office.settle()
    assert office.tasks() > 10


@needs_npm
def test_offline_archives_and_folders(office, run, objects):
    """bad input 83."""
    (found,) = objects(
        "import", str(outlook_files() / "pstextractortest@outlook.com.ost"), "--folder", "inbox"
    )
    (rest,) = objects("import", str(outlook_files() / "pstextractortest@outlook.com.ost"))
    assert 0 < found["new"] < 14 and found["new"] + rest["new"] == 14 and rest["known"] == found["new"]


@needs_npm
def test_a_damaged_archive_gives_what_can_be_read_and_a_list(office, run, enron, tmp_path):
    """bad input 83."""
    whole = bytearray(enron.read_bytes())
    for place in range(2_000_000, 6_000_000, 40_000):
        whole[place : place + 4_000] = bytes(4_000)
    file = tmp_path / "damaged.pst"
    file.write_bytes(whole)
    code, out, err = run("import", str(file), "--json")
    found = json.loads(out.splitlines()[0])
    assert code == 6 and found["unread"] and all(one["why"] for one in found["unread"])
    assert "Traceback" not in err


@needs_npm
def test_a_run_that_was_killed_goes_on(office, run, enron, monkeypatch):
    """bad input 86."""
    from orgo.intake import importing
    from orgo.intake.models import Mail

    monkeypatch.setattr(importing, "BATCH", 10)
    reached: list[str] = []

    def killed(batch, plan, count, real=importing.take):
        if len(reached) == 3:
            raise KeyboardInterrupt
        reached.append(real(batch, plan, count))
        return reached[-1]

    monkeypatch.setattr(importing, "take", killed)
    assert run("import", str(enron))[0] == 130
    assert Mail.objects.count() == 30
    monkeypatch.undo()
    monkeypatch.setenv("ORGO_HOME", str(office.home))
    from django.conf import settings

    monkeypatch.setenv("ORGO_DATABASE", f"sqlite:///{settings.DATABASES['default']['NAME']}")
    code, out, _ = run("import", str(enron), "--json")
    assert code == 0 and json.loads(out)["new"] == 41 and Mail.objects.count() == 71


test_a_run_that_was_killed_goes_on = pytest.mark.of_sqlite(test_a_run_that_was_killed_goes_on)


def test_message_files_are_read_by_every_command_that_reads_mail(run, corpus):
    file = str(corpus / "msg" / "MSGReader" / "EmailWithAttachments.msg")
    code, out, _ = run("mail", "parse", file, "--json")
    found = json.loads(out)
    assert (
        code == 0 and found["from"]["address"] == "peterpan@neverland.com" and len(found["attachments"]) == 2
    )
    contact = str(corpus / "msg" / "tika" / "testMSG_Contact.msg")
    assert run("import", contact)[:2] == (0, "0 mails: 0 new, 0 imported already, 1 contact left out\n")
    assert "is no mail but an item of the kind IPM.Contact" in run("mail", "parse", contact)[2]


@needs_npm
def test_an_archive_in_the_watched_folder_is_taken_and_one_that_is_locked_is_waited_for(
    office, enron, tmp_path, caplog
):
    import fcntl

    from orgo.intake.folder import FolderWatch
    from orgo.intake.models import Mail

    watched = tmp_path / "in"
    watched.mkdir()
    file = Path(shutil.copy(enron, watched / "old.pst"))
    watch = FolderWatch(watched, "move")
    holder = [
        sys.executable,
        "-c",
        "import fcntl,sys\nf=open(sys.argv[1],'r+b'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()",
        str(file),
    ]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outlook:
        assert outlook.stdout is not None and outlook.stdin is not None
        outlook.stdout.readline()
        assert [watch.round() for _ in range(4)] == [0] * 4 and file.exists()
        assert caplog.text.count("another program (Outlook?) has it open") == 1
        outlook.stdin.close()
    assert watch.round() == 71
    assert (watched / "done" / "old.pst").exists() and set(Mail.objects.values_list("mode", flat=True)) == {
        "history"
    }
    assert fcntl.LOCK_EX


# ---------------------------------------------------------------- the blueprint's offline test

OFFLINE = """
import sys, socket
from pathlib import Path
from orgo.cli.main import main
try:
    socket.create_connection(("192.0.2.1", 25), timeout=2)
    sys.exit("there is a network")
except OSError:
    pass
assert main(["init", "--yes"]) == 0
assert main(["import", sys.argv[1], "--as", "work", "--since", "2001-10-01", "--yes"]) == 0
from orgo.message.pool import ParserPool
from orgo import pipeline
from orgo.conf import boot
from orgo.ops.up import courier_for
parser, courier = ParserPool(), courier_for(boot.config())
while pipeline.route(parser): pass
pipeline.deliver(courier, 3)
parser.close()
from orgo.outbox.models import Letter
from orgo.task.models import Task
print(Task.objects.count(), Letter.objects.count(), *sorted(set(Letter.objects.values_list("state", flat=True))))
"""


def _may_unshare() -> bool:
    return (
        shutil.which("unshare") is not None
        and subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0
    )


@needs_npm
@pytest.mark.of_sqlite
def test_a_laptop_without_a_network_works_and_sends_when_it_is_back(enron, tmp_path):
    """The network is cut off (`unshare -n`); the letters wait, and leave when there is one again."""
    if not _may_unshare():
        absent("this machine does not let a process have a network of its own (unshare -rn)")
    from orgo.demo.catcher import Catcher

    environment = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(ROOT / "src"),
        "ORGO_HOME": str(tmp_path),
    }
    offline = {
        **environment,
        "ORGO_SMTP__HOST": "192.0.2.1",
        "ORGO_SMTP__PORT": "25",
        "ORGO_SMTP__FROM": "orgo@organization.com",
    }
    command = ["unshare", "-rn", sys.executable, "-c", OFFLINE, str(enron)]
    done = subprocess.run(command, cwd=tmp_path, env=offline, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    tasks, letters, *states = done.stdout.splitlines()[-1].split()
    assert int(tasks) > 5 and int(letters) >= int(tasks) and states == ["pending"]

    catcher = Catcher()
    port = catcher.start()
    online = {
        **offline,
        "ORGO_SMTP__HOST": "127.0.0.1",
        "ORGO_SMTP__PORT": str(port),
        "ORGO_SMTP__TLS": "none",
    }
    send = (
        "from datetime import timedelta; from orgo.conf import boot; boot.start(); from orgo.lib import clock; from orgo import pipeline; from orgo.ops.up import courier_for\n"
        "clock.use(clock.FastClock(1.0, clock.now() + timedelta(hours=1)))\ncourier = courier_for(boot.config())\nwhile pipeline.deliver(courier): pass\ncourier.close()"
    )
    sent = subprocess.run(
        [sys.executable, "-c", send], cwd=tmp_path, env=online, capture_output=True, text=True, timeout=200
    )
    arrived = len(catcher.caught)
    catcher.stop()
    assert sent.returncode == 0, sent.stderr
    assert arrived == int(letters)
