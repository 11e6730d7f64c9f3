"""What each part costs beside its floor, the bare work that it stands on, measured in the same run (`make bench`).

A module here has `run()`, which returns rows of (part, ours, floor, ratio), both in microseconds for one mail or call.
"""
