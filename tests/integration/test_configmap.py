"""Rules that Kubernetes mounts: the files are links into a folder that it puts another one in the place of, in one step."""

import os
import shutil
from pathlib import Path

from orgo.conf import load

RULES = """
version: 1
default: {{route_to: reception@city.example}}
rules:
  - {{name: {name}, condition: "subject contains 'leak'", action: {{route_to: works@city.example}}}}
"""
TIME = 1_790_000_000


def publish(mount: Path, number: int, rules: str) -> None:
    """What the kubelet does with a ConfigMap: new files in a new folder, `..data` led there, the old folder removed."""
    folder = mount / f"..2026_{number}"
    (folder / "templates").mkdir(parents=True)
    (folder / "rules.yaml").write_text(rules)
    (folder / "templates" / "received.txt").write_text(f"Received {number}\n")
    os.utime(folder / "rules.yaml", (TIME, TIME))  # the worst that could be: the same size and the same time
    old = (mount / "..data").resolve() if (mount / "..data").exists() else None
    (mount / "..data_tmp").symlink_to(folder.name)
    (mount / "..data_tmp").rename(mount / "..data")
    for name in ("rules.yaml", "templates"):
        if not (mount / name).is_symlink():
            (mount / name).symlink_to(f"..data/{name}")
    if old is not None:
        shutil.rmtree(old)


def names(rules) -> list[str]:
    return [rule.name for rule in rules.rules]


def test_rules_of_a_configmap_are_read_anew_when_it_changes(office, tmp_path: Path) -> None:
    from orgo.flow.house import RuleFile

    mount = tmp_path / "mounted" / "config"
    publish(mount, 1, RULES.format(name="One"))
    config, file = load(mount.parent, {}), RuleFile()
    assert names(file.current(config)) == ["One"]
    publish(mount, 2, RULES.format(name="Two"))
    assert names(file.current(config)) == ["Two"]
    publish(mount, 3, "rules: [")
    assert names(file.current(config)) == ["Two"] and "rules.yaml" in file.problem
    publish(mount, 4, RULES.format(name="Six"))
    assert (names(file.current(config)), file.problem) == (["Six"], "")


def test_a_text_of_a_configmap_is_the_one_that_is_mounted_now(office, tmp_path: Path) -> None:
    mount = tmp_path / "mounted" / "config"
    publish(mount, 1, RULES.format(name="One"))
    config = load(mount.parent, {})
    publish(mount, 2, RULES.format(name="Two"))
    assert (config.files / "templates" / "received.txt").read_text() == "Received 2\n"
