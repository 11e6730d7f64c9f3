"""What the checkout's root files begin with: it looks for a Python that is new enough and for the packages.

This file, `orgo/__init__.py` and the root files are written so that Python 3.6 can read them: an old one shall say what
is missing instead of showing a syntax error.
"""

import importlib.util
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOO_OLD = "Orgo needs Python 3.11 or later, this is {}: apt-get install python3, or python.org/downloads\n"
NO_PACKAGES = "Orgo's packages are not installed here: pip install -r requirements.txt (or: make setup)\n"


def ready() -> None:
    """Go on only with what Orgo needs; a checkout's own `.venv` is used where this Python has no packages."""
    new_enough = sys.version_info >= (3, 11)
    if new_enough and importlib.util.find_spec("django") and importlib.util.find_spec("msgspec"):
        return
    windows = os.name == "nt"
    own = os.path.join(ROOT, ".venv", *(("Scripts", "python.exe") if windows else ("bin", "python")))
    if os.path.exists(own) and os.path.realpath(sys.prefix) != os.path.realpath(os.path.join(ROOT, ".venv")):
        if windows:  # its exec does not wait: the prompt would be back while Orgo runs
            sys.exit(subprocess.call([own] + sys.argv))
        os.execv(own, [own] + sys.argv)
    sys.stderr.write(NO_PACKAGES if new_enough else TOO_OLD.format(sys.version.split()[0]))
    sys.exit(2)


def command(*words: str) -> int:
    """Run `orgo WORDS` with what was typed after the file's name; returns the exit code."""
    ready()
    from orgo.cli.main import main

    sys.argv[:] = ["orgo"] + list(words) + sys.argv[1:]
    return main() or 0
