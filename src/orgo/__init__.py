"""Orgo turns an organization's mail into accountable work."""

__version__ = "0.1.0"
