"""
Feedback: asks families how the meeting was, in a way that nobody can trace, and tells what a unit's families answered.

The rooms, from the door down: main; api, pages and subscriptions; handlers; store; domain; commands, events and
consumed; metrics and settings. Imports point down only.
"""
