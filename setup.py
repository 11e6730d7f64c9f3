"""The first set-up: configuration, database, first administrator, sign-in link: `python setup.py`.

This is no build file: pyproject.toml names the build backend (hatchling), so `pip install .` builds without it.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "src"))
from orgo import start

if __name__ == "__main__":
    start.ready()
    from orgo.ops.setup import main

    sys.exit(main(sys.argv[1:]))
