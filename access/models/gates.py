"""Gates, the devices on them, and the one-time codes that pair a device."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from residents.models import Neighborhood, User


class Gate(models.Model):
    """A door or barrier. What it opens by is said here, once, and never in a rule (law 2)."""

    class Place(models.TextChoices):
        """Where it may be. A dwelling's own door, a toilet, a changing room and the inside of a home are not here, so no
        device, and no camera, can be registered for one (obligation 25)."""

        MAIN_GATE = "main_gate", _("gate of the neighborhood")
        BUILDING_DOOR = "building_door", _("door of a building")
        LIFT_LOBBY = "lift_lobby", _("lift lobby")
        GARAGE = "garage", _("garage")
        BICYCLE_SHED = "bicycle_shed", _("bicycle shed")
        SHARED_ROOM = "shared_room", _("room that residents share")
        STAFF_ROOM = "staff_room", _("room of the staff")
        BARRIER = "barrier", _("barrier for vehicles")

    # Where everybody passes. A shared room may be one to rest, bathe or pray in: no camera looks into it.
    PUBLIC = (Place.MAIN_GATE, Place.BUILDING_DOOR, Place.LIFT_LOBBY, Place.GARAGE, Place.BICYCLE_SHED)

    METHODS = ("card", "pin", "qr", "face", "fingerprint")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="gates")
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60, blank=True)
    place = models.CharField(_("where it is"), max_length=20, choices=Place.choices, default=Place.MAIN_GATE)
    in_service = models.BooleanField(_("in service"), default=False)
    by_card = models.BooleanField(_("opens by card"), default=True)
    by_pin = models.BooleanField(_("opens by PIN"), default=False)
    by_qr = models.BooleanField(_("opens by QR code"), default=False)
    by_face = models.BooleanField(_("opens by face, for those who chose it"), default=False)
    by_fingerprint = models.BooleanField(_("opens by fingerprint, for those who chose it"), default=False)
    # A face alone never opens it: whoever shows one is asked for a card or a PIN as well.
    high_risk = models.BooleanField(
        _("high risk"), default=False, help_text=_("A plant room or an archive, for instance.")
    )
    second_factor = models.BooleanField(
        _("asks whoever shows a face for a card or a PIN as well"), default=False
    )
    # Its device listens and reports, and the old controller goes on opening the door.
    beside_since = models.DateTimeField(_("beside the old controller since"), null=True, editable=False)
    # Written by the database on its first day in service. From then on its methods change by a plan only.
    served_since = models.DateTimeField(_("in service since"), null=True, editable=False)
    feed_floor = models.BigIntegerField(default=0, editable=False)  # versions up to here were compacted
    # What its devices are told beside who may pass. The database writes these at every change of what they come from, and
    # whatever else is written here does not stick: `access.facts` reads them.
    calendar = models.JSONField(default=dict, editable=False)
    call = models.CharField(max_length=40, blank=True, default="", editable=False)
    held_open_by = models.UUIDField(null=True, editable=False)
    held_open_until = models.DateTimeField(null=True, editable=False)
    locked_down_until = models.DateTimeField(null=True, editable=False)
    open_once_by = models.UUIDField(null=True, editable=False)
    open_once_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("gate")
        verbose_name_plural = _("gates")
        constraints = [
            models.UniqueConstraint(fields=["neighborhood", "name"], name="gate_name_once"),
            models.CheckConstraint(
                # Law 1, A1, obligations 1 and 2. A PIN comes beside: a gate by PIN alone would shut out whoever
                # carries a card and has chosen no PIN.
                condition=Q(in_service=False) | Q(by_card=True),
                name="gate_is_never_biometric_only",
                violation_error_message=_(
                    "A gate in service must open by card. Tick that, or take it out of service."
                ),
            ),
            models.CheckConstraint(
                condition=Q(
                    place__in=[
                        "main_gate",
                        "building_door",
                        "lift_lobby",
                        "garage",
                        "bicycle_shed",
                        "shared_room",
                        "staff_room",
                        "barrier",
                    ]
                ),
                name="gate_is_in_no_private_place",
                violation_error_message=_(
                    "No device belongs at a dwelling’s own door, in a toilet, a changing room or a home."
                ),
            ),
            models.CheckConstraint(
                condition=Q(by_face=False, by_fingerprint=False)
                | Q(
                    place__in=["main_gate", "building_door", "lift_lobby", "garage", "bicycle_shed"],
                ),
                name="gate_looks_at_faces_in_public_only",
                violation_error_message=_(
                    "A gate may open by face only where everybody passes. Choose another place, or leave faces out."
                ),
            ),
            models.CheckConstraint(
                condition=Q(high_risk=False) | Q(by_face=False) | Q(second_factor=True),
                name="gate_of_high_risk_by_face_and_more",
                violation_error_message=_(
                    "A face alone opens no door of high risk. Tick that it asks for a card or a PIN as well, or leave faces out."
                ),
            ),
            models.CheckConstraint(
                condition=Q(in_service=False) | Q(beside_since=None),
                name="gate_beside_the_old_one_opens_nothing",
                violation_error_message=_(
                    "This gate still listens beside the old controller. Switch it over on the page for that."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        if self.name_en and (get_language() or "").startswith("en"):
            return self.name_en
        return self.name

    @property
    def methods(self) -> list[str]:
        return [method for method in self.METHODS if getattr(self, f"by_{method}")]

    @property
    def asks_faces_for_more(self) -> bool:
        """A face opens nothing here by itself."""
        return self.by_face and (self.high_risk or self.second_factor)


class DeviceQuerySet(models.QuerySet["Device"]):
    def trusted(self) -> DeviceQuerySet:
        return self.filter(revoked_at=None)


class Device(models.Model):
    """A reader on a gate. The server keeps its public keys and no secret of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="devices")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="devices")
    public_key = models.BinaryField(unique=True)  # Ed25519, 32 bytes
    sealing_key = models.BinaryField()  # X25519, 32 bytes
    paired_at = models.DateTimeField(_("paired"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_poll_at = models.DateTimeField(_("last poll"), null=True)
    acknowledged = models.BigIntegerField(default=0)  # feed version the device has said it holds
    clock_skew = models.DurationField(null=True)  # device minus server, from its newest events

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def __str__(self) -> str:
        return f"device {str(self.pk)[:8]}"


class PairingCode(models.Model):
    """A one-time code that a device trades for its identity. Only its keyed digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="pairing_codes")
    digest = models.BinaryField(unique=True)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"pairing code {str(self.pk)[:8]}"
