"""A command of a page that is not Orgo's own names only what is there; what nobody has thought of is refused."""

import re

import pytest

from tests.house.checkout import ROOT
from tests.house.doc_commands import PAGES
from tests.house.other_commands import CHECKS, RUN_BY, SHELL, Shown, check, kind, of_page, program
from tests.house.typed_by import has_word, typed_by

ALL = [
    shown for page in PAGES for shown in of_page(page.relative_to(ROOT).as_posix(), page.read_text("utf-8"))
]


@pytest.mark.parametrize("shown", ALL, ids=str)
def test_what_a_command_names_is_there(shown: Shown) -> None:
    check(shown.words)


def test_the_pages_show_a_command_of_each_kind() -> None:
    assert {program(shown.words) for shown in ALL} >= {*CHECKS}


def test_what_nobody_runs_stands_on_the_list_with_the_reason_and_nothing_else_does() -> None:
    """The first page's table is the list; a kind is the program with its verb, the target of make, the script."""
    page = (ROOT / "docs" / "index.md").read_text("utf-8").partition("## Commands that no test runs")[2]
    rows = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    listed = {kind(shown.words) for row in rows for shown in of_page("docs/index.md", row)}
    assert listed == {kind(shown.words) for shown in ALL} - {*SHELL, *RUN_BY}


@pytest.mark.parametrize(("command", "file"), RUN_BY.items())
def test_what_is_run_is_typed_by_the_file_that_is_named(command: str, file: str) -> None:
    typed = typed_by(ROOT / file)
    assert [word for word in command.split() if not has_word(typed, word)] == []


@pytest.mark.parametrize(
    "typed",
    [
        "docker compose up -d",
        "docker compose --profile middle up -d",
        "docker compose --profile small exec web-large orgo status",
        "helm install orgo deploy/helm/other",
        "helm upgrade orgo deploy/helm/orgo -f deploy/helm/orgo/values-huge.yaml",
        "helm template orgo deploy/helm/orgo --set autoscale.kind=keda",
        "kubectl -n orgo apply -k deploy/kubernetes/huge",
        "deploy/install.sh --sampel school",
        "sudo deploy/update.sh --yes",
        "powershell -File deploy\\windows\\install.ps1 -Purge",
        "make everything",
        "python main2.py",
        "celery -A tasks worker -Q letters",
        "format c:",
    ],
)
def test_a_command_that_names_what_is_not_there_is_refused(typed: str) -> None:
    (shown,) = of_page("a.md", f"```sh\n{typed}\n```\n")
    with pytest.raises(AssertionError):
        check(shown.words)


def test_they_are_found_wherever_a_page_has_them() -> None:
    text = """Say `git pull && sudo deploy/upgrade.sh --yes`, not `upgrade`, or:

    make setup          # once
    made of wood

```sh
A=b kubectl -n orgo exec deploy/orgo-web -- orgo task list | less
orgo status
```
"""
    assert [" ".join(shown.words) for shown in of_page("a.md", text)] == [
        "git pull",
        "deploy/upgrade.sh --yes",
        "make setup",
        "kubectl -n orgo exec deploy/orgo-web -- orgo task list",
        "less",
    ]
