"""What the queue test's two sides call each other by, and what the report calls the broker (pure)."""

CHANNEL = "load"  # no courier of Orgo takes such letters
CLAIM = "ORGO_LOADTEST_CLAIM"
OURS, BARE = "orgo.load.ours", "orgo.load.bare"


def queue_of(prefix: str) -> str:
    """The queue of a test with this prefix; nobody else rings there."""
    return f"{prefix}.load"


def broker_of(queue: str | None) -> str:
    """The broker that a `queue:` leads to: redis, rabbitmq or none."""
    scheme = (queue or "none").partition(":")[0]
    return "rabbitmq" if scheme.startswith("amqp") else "redis" if scheme != "none" else scheme
