"""The rules of feedback, pure: no clock, no chance, no waiting."""
