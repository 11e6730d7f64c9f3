"""Stage 5b, letters that must leave: made with the event that wants them, claimed, sent, settled."""
