"""Stage 6, couriers: each takes a letter out of the house its own way. One folder each."""
