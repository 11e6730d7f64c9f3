"""What a person or a script types: `orgo ...`. Each command is read only when it is called."""
