"""What may be asked, each on its own."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    """Each is asked and answered on its own; none is implied by another (obligations 4 and 5)."""

    FACE_AT_GATE = "face_at_gate", _("open the gates with my face")
    PHOTO_OVER_INTERNET = "photo_over_internet", _("send my enrolment photos over the internet")
    TEMPLATE_ON_SERVER = "template_on_server", _("keep my face data on the server too")


# Purposes that make sense only beside another. Stopping that one stops these in the same act.
SERVES = {
    Purpose.PHOTO_OVER_INTERNET: Purpose.FACE_AT_GATE,
    Purpose.TEMPLATE_ON_SERVER: Purpose.FACE_AT_GATE,
}
