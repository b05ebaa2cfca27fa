"""The tests mirror the rooms; journeys go through the real edges."""
