"""Processes killed at named points; afterwards nothing is lost and nothing has happened twice."""
