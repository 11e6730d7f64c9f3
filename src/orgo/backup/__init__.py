"""Backups: one snapshot of all that Orgo holds, sealed in one file, kept in a folder or an S3 store, and brought back."""
