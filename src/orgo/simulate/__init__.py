"""Plays a workflow on a virtual clock: what would happen, who would hear, when; nothing is sent."""
