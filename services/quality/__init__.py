"""
Quality: makes the month promise a durable fact, warns before it lapses and raises a deviation when it has.

The rooms, from the door down: main; api and subscriptions; handlers; store; domain; commands, events and consumed;
metrics and settings. Imports point down only.
"""
