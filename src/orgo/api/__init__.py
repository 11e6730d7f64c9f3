"""The door for programs: `/api/v1`, each request with a token."""
