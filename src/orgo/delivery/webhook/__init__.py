"""The courier that delivers by HTTP: to a program that checks its signature, or to a chat's incoming hook."""
