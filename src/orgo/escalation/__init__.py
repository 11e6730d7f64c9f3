"""Silence escalates: policies, calendars and the plan that says who hears when (pure)."""
