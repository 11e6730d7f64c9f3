"""Small general things: clock, ids, durations, text, YAML. Imports nothing else of Orgo."""
