"""All of Orgo in one process, as `orgo up`: `python main.py`."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "src"))
from orgo import start

if __name__ == "__main__":
    sys.exit(start.command("up"))
