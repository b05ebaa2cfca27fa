"""
A toy service with everything a real one has: it bakes loaves on request, tells of them, and eats what it hears of.

Started as a process of its own, `python -m tests.shared.bakehouse`, so that tests can end it and count what is left.
"""
