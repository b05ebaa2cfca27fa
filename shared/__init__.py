"""Plumbing that all services would write identically, and that would make as much sense in a bakery."""
