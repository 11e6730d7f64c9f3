"""Which files belong to a backup, where the configuration is a ConfigMap that Kubernetes has mounted."""

from pathlib import Path

from orgo.backup.contents import files_of
from orgo.conf import load


def test_the_folders_of_a_configmap_are_links_and_what_is_in_them_belongs_to_it(tmp_path: Path) -> None:
    """Each name leads by `..data` into a folder that is exchanged as a whole; links that lead elsewhere are left."""
    home, mounted, elsewhere = (tmp_path / name for name in ("home", "home/mounted", "elsewhere"))
    for folder in (mounted / "..2026_11_29" / "templates", elsewhere):
        folder.mkdir(parents=True)
        (folder / "received.txt").write_text("Thank you.\n")
    for name, text in (("config.yaml", "web: {port: 8123}\n"), ("rules.yaml", "version: 1\nrules: []\n")):
        (mounted / "..2026_11_29" / name).write_text(text)
        (mounted / name).symlink_to(Path("..data", name))
    (mounted / "..data").symlink_to("..2026_11_29")
    (mounted / "templates").symlink_to(Path("..data", "templates"))
    (mounted / "outside").symlink_to(elsewhere)
    (mounted / "round").symlink_to(mounted)

    found = files_of(load(home, {"ORGO_CONFIG": str(mounted / "config.yaml")}))

    assert {Path(name).relative_to("mounted").as_posix() for name in found} == {
        "config.yaml", "rules.yaml", "templates/received.txt"
    }  # fmt: skip
