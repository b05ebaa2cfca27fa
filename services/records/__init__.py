"""
Records: the life of the memo that follows each Heijastin; where it is, and whether the family has gone through it.

The rooms, from the door down: main; api and subscriptions; handlers; store; domain; commands, events and consumed;
metrics and settings. Imports point down only.
"""
