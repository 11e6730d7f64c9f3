"""What the pipeline is made of: the house it works for, the unit of work that writes, letters, answers, timers."""
