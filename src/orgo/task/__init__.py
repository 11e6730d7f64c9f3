"""Stage 4, the task: its states, commands and events, and the one door that changes it."""
