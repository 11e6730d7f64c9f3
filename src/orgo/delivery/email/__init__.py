"""The courier that delivers by SMTP."""
