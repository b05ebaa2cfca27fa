"""
Scheduling: who meets whom, when, and what came of it.

Rooms from the edge inwards: `main`, `api` and `subscriptions`, `handlers`, `store`, `domain`, then the vocabulary
(`commands`, `events`, `consumed`), then `metrics` and `settings`.
"""
