"""`orgo doctor`: everything that Orgo needs, looked at one by one, each with what to do; nothing is changed."""
