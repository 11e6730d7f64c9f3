"""What the queue test's two sides call each other by (pure)."""

QUEUE = "orgo-loadtest"  # nobody else rings there
CHANNEL = "load"  # no courier of Orgo takes such letters
BATCH = "ORGO_LOADTEST_BATCH"
OURS, BARE = "orgo.load.ours", "orgo.load.bare"
