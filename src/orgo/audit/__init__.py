"""The append-only trail of everything that happened, and (later) its seals."""
