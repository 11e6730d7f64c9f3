"""A release beside the former one: what its migrations may do."""
