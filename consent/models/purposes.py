"""What may be asked, each on its own."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Modality(models.TextChoices):
    """What of a body is measured. A form asks about one of them."""

    FACE = "face", _("face")
    FINGERPRINT = "fingerprint", _("fingerprint")


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

MODALITY = dict.fromkeys(Purpose, Modality.FACE)


class Method(models.TextChoices):
    """How it is done; no form may mean anything else by it."""

    COMPARED_AT_GATE = "compared_at_gate", _("compared by the reader at the gate")
    SENT_ENCRYPTED = "sent_encrypted", _("sent encrypted, deleted once used")
    KEPT_ON_SERVER = "kept_on_server", _("kept encrypted on the server")


class Category(models.TextChoices):
    PHOTO = "face_photo", _("photos of the face")
    TEMPLATE = "face_template", _("numbers computed from photos of the face")


class Storage(models.TextChoices):
    DEVICE = "device", _("the readers at one's own gates")
    SERVER = "server", _("the server of the neighborhood")


class PlainWay(models.TextChoices):
    """Ways in that measure nobody."""

    CARD = "card", _("card")
    PIN = "pin", _("PIN")
    QR = "qr", _("QR code")


class WayOut(models.TextChoices):
    """How a yes is stopped."""

    PORTAL = "portal", _("on this website")
    DESK = "desk", _("at the desk")
    PAPER = "paper", _("on paper")
