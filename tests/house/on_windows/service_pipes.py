"""The two pipes between a service and the test that plays the service manager of Windows.

What the service says of itself goes to the descriptor in SAYS, an object a line; what it is asked (the number of a control)
is read from that in ASKED.
"""

import json
import os

SAYS, ASKED = (int(os.environ.get(name, "-1")) for name in ("SAYS", "ASKED"))
STATES = {1: "stopped", 2: "start pending", 3: "stop pending", 4: "running"}


def tell(**said: object) -> None:
    """Say something to the test."""
    os.write(SAYS, f"{json.dumps(said)}\n".encode())
