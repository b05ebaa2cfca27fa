"""
What can be asked of scheduling. A command is the body of a request; one module per subject.

What needs no words beyond its route (cancel, retract, reopen) has no command here.
"""
