"""The command `orgo` where no file of that name is: `python -m orgo`."""

import sys

from orgo.cli.main import main

if __name__ == "__main__":
    sys.argv[0] = "orgo"
    sys.exit(main())
