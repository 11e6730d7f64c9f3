"""The pages' commands of others are run, as far as nothing but this checkout is needed, and so that they change nothing.

Run are `helm install` and `kubectl create`, with --dry-run=client; of `kubectl apply -k` what it would apply, by `kubectl
kustomize`; the scripts of deploy/ with --dry-run, below an empty folder. `helm lint` and `helm template`, which the pages name
without a chart, are run by test_chart.py. What is left is looked up alone (tests/house/other_commands.py), for it speaks to a
cluster (`helm upgrade`, `kubectl label`, `exec`, `delete`, `rollout`, `scale` ..), to an engine (`docker`), to an Orgo or a backup that
is there (`deploy/upgrade.sh`, `install.sh --restore`: tests/house/test_deploy.py runs them for real), or to Windows.
"""

import json
import os
import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.chart import CHART, OPTIONS, objects, template
from tests.house.checkout import ROOT, clean_environment
from tests.house.other_commands import Shown, of_page, program
from tests.house.test_other_commands import ALL

DIGEST = "sha256:" + "0" * 64
PRESETS = sorted(path.name for path in (ROOT / "deploy/kubernetes").iterdir())
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
_YAML = re.compile(r"^ *```yaml\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def dry_runs(shown: Shown) -> Iterator[tuple[str, ...]]:
    """What is run of a command that a page shows: nothing where it needs more than this checkout."""
    words, known = shown.words, program(shown.words)
    if known == "helm install":
        yield (*words, "--dry-run=client")
    elif known == "kubectl create":
        yield (*words, "--dry-run=client", "-o", "yaml")
    elif known == "kubectl apply" and "-k" in words:
        folder = words[words.index("-k") + 1]
        yield from (("kubectl", "kustomize", folder.replace("NAME", preset)) for preset in PRESETS)
    elif known == "deploy/*.sh" and len(words) > 1 and "upgrade" not in words[0] and "--restore" not in words:
        below = () if "macos" in words[0] else ("--root", "root")
        yield ("bash", *(word for word in words if word not in ("--yes", "--dry-run")), *below, "--dry-run")


RUN = {words: shown.page for shown in ALL for words in dry_runs(shown)}


def values_of(page: str) -> str:
    """The YAML of a page that the chart takes as its values, with a whole digest."""
    text = (ROOT / page).read_text("utf-8").replace("sha256:...", DIGEST)
    blocks = [textwrap.dedent(block) for block in _YAML.findall(text)]
    taken = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    return next(block for block in blocks if taken.is_valid(yaml.safe_load(block)))


@pytest.mark.parametrize(("words", "page"), RUN.items(), ids=[" ".join(words) for words in RUN])
def test_a_command_of_a_page_does_what_it_says(
    words: tuple[str, ...], page: str, tools: Path, tmp_path: Path
) -> None:
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / "root").mkdir()
    (tmp_path / "global-bundle.pem").write_text("an authority\n")
    if "my.yaml" in words:
        (tmp_path / "my.yaml").write_text(values_of(page))
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    environ = clean_environment(PATH=path, HOME=str(tmp_path / "root"), KUBECONFIG="/dev/null")
    order = [ROOT / word if word.endswith(".sh") else word for word in words]
    done = subprocess.run(order, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    if words[0] == "bash":
        assert "This was --dry-run: nothing was changed." in done.stdout
        assert list((tmp_path / "root").iterdir()) == []
    elif words[0] == "helm":
        assert "STATUS: pending-install" in done.stdout
    else:
        made = objects(done.stdout)
        assert made and all(one["kind"] and one["metadata"]["name"] for one in made)


def test_of_each_kind_that_needs_no_cluster_one_is_run() -> None:
    assert {words[:2] for words in RUN} >= {
        ("helm", "install"), ("kubectl", "create"), ("kubectl", "kustomize"), ("bash", "deploy/install.sh")
    }  # fmt: skip


def test_a_command_with_a_wrong_word_fails_when_it_is_run(tools: Path, tmp_path: Path) -> None:
    """What the looking up does not see: a verb's own options and forms."""
    for typed in (
        "kubectl create secret orgo-mail --from-literal=password=..",
        f"helm install orgo {CHART} --namespaces orgo",
    ):
        (shown,) = of_page("a.md", f"```sh\n{typed}\n```\n")
        ((program, *words),) = dry_runs(shown)
        done = subprocess.run(
            [tools / program, *words],
            cwd=tmp_path,
            env=clean_environment(HOME=str(tmp_path)),
            capture_output=True,
        )
        assert done.returncode != 0, typed


def typed(known: str) -> set[tuple[str, ...]]:
    """The commands of the page on clusters that begin so."""
    page = "docs/operator/kubernetes.md"
    return {shown.words for shown in ALL if shown.page == page and program(shown.words) == known}


def deployments(tools: Path) -> dict[str, dict[str, Any]]:
    """All Deployments of a house with a queue, by name."""
    made = objects(template(tools, OPTIONS["redis"]))
    return {one["metadata"]["name"]: one for one in made if one["kind"] == "Deployment"}


def test_a_restore_has_a_pod_of_the_clock_in_which_nothing_runs(tools: Path, tmp_path: Path) -> None:
    (words,) = typed("kubectl patch")
    before = deployments(tools)[words[words.index("deployment") + 1]]
    (tmp_path / "clock.json").write_text(json.dumps(before))
    order = ["patch", "--local", "-f", "clock.json", "-p", words[words.index("-p") + 1], "-o", "json"]

    done = subprocess.run([tools / "kubectl", *order], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    after = json.loads(done.stdout)["spec"]["template"]["spec"]
    (container,), (former,) = after["containers"], before["spec"]["template"]["spec"]["containers"]
    assert {key for key in former if former[key] != container.get(key)} == {
        "command",
        "startupProbe",
        "livenessProbe",
    }
    assert container["command"] == ["sleep", "infinity"] and not {"startupProbe", "livenessProbe"} & {
        *container
    }
    assert after["volumes"] == before["spec"]["template"]["spec"]["volumes"]


def test_a_restore_stops_every_part_but_the_clock(tools: Path) -> None:
    orders = typed("kubectl scale")
    (selector,) = {words[words.index("-l") + 1] for words in orders}
    label, _, listed = selector.partition(" in ")
    stopped = set(listed.strip("()").split(", "))
    labels = [one["metadata"]["labels"][label] for one in deployments(tools).values()]

    assert {words[-1] for words in orders} == {"--replicas=0", "--replicas=1"}
    assert set(labels) - stopped == {"clock", "haproxy"} and stopped < set(labels)
