"""Mailboxes that mail is fetched from: read-only while one is observed, one thread each, nothing marked before it is stored."""
