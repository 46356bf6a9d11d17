"""What staff did for a resident who stood before them or rang, and how they knew who it was."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from residents.models.people import Resident
from residents.models.places import Neighborhood
from residents.models.users import User


class DeskAct(models.Model):
    """Append-only, and seen by the resident: whoever had another's card blocked with a phone call leaves a trace."""

    class Act(models.TextChoices):
        MOVED_IN = "moved_in", _("You were put on the register, with a way in")
        CARD_LOST = "card_lost", _("Your card was reported lost and blocked")
        PIN_LENT = "pin_lent", _("A PIN was lent to you")
        PASS_MADE = "pass_made", _("A visitor pass was made for you")
        PAPER_GIVEN = "paper_given", _("A form was given to you on paper, to take home")
        PAPER_TAKEN = "paper_taken", _("A form that you signed came back, and was written down")
        PAPER_READ = "paper_read", _("A second of the staff read the form that you signed")
        PAPER_STOPPED = "paper_stopped", _("A form on paper was stopped, because you said so")
        SLIPS_ON = "slips_on", _("Slips in your mailbox were switched on, because you said so")
        SLIPS_OFF = "slips_off", _("Slips in your mailbox were switched off, because you said so")

    class KnownBy(models.TextChoices):
        """How staff knew whom they had before them. No number of any document is written down."""

        IN_PERSON = "in_person", _("they stand here, and I know them or was shown a document")
        RANG_BACK = "rang_back", _("I rang back on the number we keep")
        VOICE = "voice", _("by phone; I know the voice")
        HELPER = "helper", _("somebody else, who said dwelling and name and helps them")
        UNSURE = "unsure", _("by phone; I am not sure")
        PAPER = "paper", _("by the signed paper alone")

    # To these a PIN may be told. Everybody else's waits where the resident comes in person.
    RECOGNISED = (KnownBy.IN_PERSON, KnownBy.RANG_BACK, KnownBy.VOICE)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="desk_acts")
    act = models.CharField(max_length=20, choices=Act.choices)
    known_by = models.CharField(max_length=20, choices=KnownBy.choices)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(_("in which role"), max_length=40)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["resident", "-at"], name="deskact_by_resident")]

    def __str__(self) -> str:
        return f"act at the desk {str(self.pk)[:8]}"
