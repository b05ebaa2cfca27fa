"""
Scheduling: plans and prepares Heijastin meetings and their follow-ups, and publishes what happened.

The rooms, from the door down: main; api and subscriptions; handlers; store; domain; commands, events and consumed;
metrics and settings. Imports point down only.
"""
