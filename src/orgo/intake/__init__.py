"""Stage 1, mail comes in: raw bytes are committed before anybody is told that they were taken."""
