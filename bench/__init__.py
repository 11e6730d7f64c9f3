"""What is measured: each part beside its floor in one run."""
