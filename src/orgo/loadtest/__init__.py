"""The load test: mails pour into an Orgo of its own, and what came of each of them is counted."""
