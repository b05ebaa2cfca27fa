"""What can be asked about a follow-up."""

from services.scheduling.commands.fields import BookedTimes, HeldTimes, Mode
from shared.fields import YesNo


class ScheduleFollowUp(BookedTimes):
    """Book a follow-up for a case."""


class RescheduleFollowUp(BookedTimes):
    """Give a booked follow-up another time."""


class Encounter(HeldTimes):
    """
    What took place: when, with whom, and how.

    `family_present`: at least one of the family was there. `worker_present`: at least one of the case's own workers.
    """

    family_present: YesNo
    worker_present: YesNo
    mode: Mode


class HoldFollowUp(Encounter):
    """Record that a booked follow-up took place."""


class RecordFollowUp(Encounter):
    """Record a follow-up that took place without having been booked."""


class CorrectFollowUp(Encounter):
    """Replace the record of a follow-up; one that was retracted is held again."""
