"""What quality decides, pure: the calendar, the facts of a case, the policies, the judge, and what to say of it."""
