"""`orgo demo`: the sample city, or its check."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from orgo.cli.errors import Code
from orgo.cli.numbers import Whole
from orgo.lib.locks import locked
from orgo.lib.problems import BadInput, Problem


@click.command(epilog="Example: orgo demo --check --json")
@click.option("--check", is_flag=True, help="Play the sample week on a virtual clock and count; no page.")
@click.option("--json", "as_json", is_flag=True, help="With --check: one JSON object.")
@click.option("--port", type=Whole(1, 65535), default=8000, show_default=True, help="The page's port.")
@click.option("--fresh", is_flag=True, help="Forget what an earlier demo left in var/demo.")
def demo(check: bool, as_json: bool, port: int, fresh: bool) -> int | None:
    """A sample city at work: mails, tasks, answers, escalations, before your eyes.

    Nothing leaves this machine: letters go to a catcher of the demo's own.
    """
    if check:
        return _check(as_json)
    if as_json:
        raise click.UsageError("--json goes with --check")
    _run(port, fresh)
    return None


def _check(as_json: bool) -> int:
    from orgo.demo.check import check

    found = check()
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else _table(found))
    return Code.DONE if found["lost"] == 0 and all(one["ok"] for one in found["checks"]) else Code.FAILED


def _table(found: dict[str, Any]) -> str:
    lines = [f"{name.replace('_', ' '):16} {value:>8}" for name, value in found.items() if name != "checks"]
    for one in found["checks"]:
        lines.append(f"{'ok' if one['ok'] else 'WRONG':6} {one['name']}")
        if one["detail"]:
            lines.append(f"       {one['detail']}")
    return "\n".join(lines)


def _make_private(home: Path) -> None:
    """The demo's folders, its owner's alone as those of `orgo init` are: all mail will lie in them."""
    for folder in (home.parent, home, home / "var"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)  # one that a former version made was open to others


def _run(port: int, fresh: bool) -> None:
    import os

    from orgo.cli.running import end_on_term
    from orgo.conf import logging, places
    from orgo.demo.run import LOG, run

    home = places.home_of(os.environ) / "var" / "demo"
    with _alone(home):
        if fresh and home.exists():
            shutil.rmtree(home)
        _make_private(home)
        end_on_term()
        logging.set_up(file=home / LOG)  # on the terminal it would push the sign-in link away
        with suppress(KeyboardInterrupt):  # Ctrl-C is how it ends, and make calls any code but 0 an error
            run(home, port=port)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """No other demo runs in `home`: its database would be taken from under it. Raises BadInput where one does."""
    with ExitStack() as held:
        try:
            held.enter_context(
                locked(home.with_name("demo.lock"))
            )  # beside it, for --fresh takes the folder away
        except BlockingIOError:
            hint = "stop it by Ctrl-C, or run this one in another folder"
            raise BadInput(Problem(f"a demo is running here{_page(home)}", str(home), hint=hint)) from None
        yield


def _page(home: Path) -> str:
    """Where the demo in `home` shows its page; nothing where it does not yet."""
    from orgo.conf import load
    from orgo.ops.probe import answers

    try:
        web = load(home, {}).web
    except BadInput:  # it is being laid out
        return ""
    return f", its page is {web.url}" if answers(web.host, web.port) else ""
