"""Running Orgo: all of it in one process, setting up, status, doctor."""
