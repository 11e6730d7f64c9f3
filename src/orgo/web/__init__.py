"""The page: a door for people. It calls actions and queries, never save()."""
