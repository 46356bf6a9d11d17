"""Ways to get in, the rules that say where, and what is kept for a face."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models.gates import Device, Gate
from consent.models import Standing
from residents.models import Neighborhood, Resident, Unit


class CredentialQuerySet(models.QuerySet["Credential"]):
    def active(self) -> CredentialQuerySet:
        return self.filter(ended_at=None)

    def plain(self) -> CredentialQuerySet:
        """Without phone and without biometrics."""
        return self.filter(kind__in=Credential.PLAIN)


class Credential(models.Model):
    class Kind(models.TextChoices):
        CARD = "card", _("card")
        FACE = "face", _("face")
        PIN = "pin", _("PIN")
        QR = "qr", _("QR code")
        PASS = "pass", _("visitor pass")

    # What needs no phone and no biometrics: nobody who lives here is ever without one of these (laws 1, 2 and 13).
    PLAIN = (Kind.CARD, Kind.PIN)

    class Ended(models.TextChoices):
        """Why it opens no more: said when somebody asks why a card was refused."""

        LOST = "lost", _("reported lost")
        RETURNED = "returned", _("given back")
        REPLACED = "replaced", _("replaced by another")
        MOVED_OUT = "moved_out", _("its holder moved out")
        RAN_OUT = "ran_out", _("its time was over")
        STOPPED = "stopped", _("stopped by its holder")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="credentials")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    # Cards: HMAC of the number under the neighborhood's card key. The number itself is not kept.
    digest = models.BinaryField(null=True)
    # PINs and passes: what is typed first at a keypad to say which PIN comes, and the PIN under a slow hash (argon2id).
    number = models.CharField(_("keypad number"), max_length=5, null=True, blank=True)
    verifier = models.CharField(max_length=200, null=True, editable=False)
    # Lent until there is a card again: a spare card, or a PIN that the desk made.
    temporary = models.BooleanField(_("lent"), default=False)
    created_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_because = models.CharField(
        _("why it ended"), max_length=20, choices=Ended.choices, blank=True, default=""
    )

    objects = CredentialQuerySet.as_manager()

    class Meta:
        verbose_name = _("way to get in")
        verbose_name_plural = _("ways to get in")
        indexes = [
            models.Index(fields=["resident", "kind"], name="credential_by_resident"),
            models.Index(fields=["-created_at", "id"], condition=Q(kind="card"), name="card_newest_first"),
            models.Index(
                fields=["ended_at"], condition=Q(ended_at__isnull=False), name="credential_by_its_end"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="card", digest__isnull=False, number=None, verifier=None)
                | Q(kind__in=["pin", "pass"], digest=None, number__isnull=False, verifier__isnull=False)
                | Q(kind__in=["face", "qr"], digest=None, number=None, verifier=None)
                # What has ended is forgotten by the clock: see `access/retention.py`.
                | Q(ended_at__isnull=False, digest=None, number=None, verifier=None),
                name="credential_holds_what_its_kind_needs",
            ),
            models.CheckConstraint(
                condition=Q(number=None) | Q(number__regex=r"^[0-9]{5}$"),
                name="credential_number_is_five_digits",
            ),
            models.CheckConstraint(
                condition=Q(temporary=False) | Q(kind__in=["card", "pin"]),
                name="credential_lent_is_card_or_pin",
            ),
            models.CheckConstraint(
                condition=Q(ended_because="") | Q(ended_at__isnull=False),
                name="credential_ended_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["neighborhood", "number"],
                condition=Q(ended_at=None),
                name="credential_number_once",
            ),
            models.UniqueConstraint(
                fields=["resident"],
                condition=Q(kind="pin", temporary=False, ended_at=None),
                name="credential_pin_once",
            ),
            models.UniqueConstraint(
                fields=["resident"],
                condition=Q(kind="pin", temporary=True, ended_at=None),
                name="credential_lent_pin_once",
            ),
            models.UniqueConstraint(
                fields=["resident"], condition=Q(kind="qr", ended_at=None), name="credential_qr_once"
            ),
            models.UniqueConstraint(
                fields=["neighborhood", "digest"], condition=Q(ended_at=None), name="credential_card_once"
            ),
            models.UniqueConstraint(
                fields=["resident"], condition=Q(kind="face", ended_at=None), name="credential_face_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {str(self.pk)[:8]}"


class Rule(models.Model):
    """Who may pass which gate, and when. Hangs on a dwelling or a resident and, by having no column for it,
    cannot mention a kind of credential (law 2)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="rules")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="rules")
    resident = models.ForeignKey(Resident, models.PROTECT, null=True, blank=True, related_name="rules")
    days = models.JSONField(_("days of the week, 1 is Monday"), default=list, blank=True)  # empty: every day
    from_time = models.TimeField(_("from"), null=True, blank=True)
    to_time = models.TimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("access rule")
        verbose_name_plural = _("access rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(unit=None, resident__isnull=False) | Q(unit__isnull=False, resident=None),
                name="rule_for_a_dwelling_or_a_resident",
            ),
            models.CheckConstraint(
                condition=Q(from_time=None, to_time=None) | Q(from_time__isnull=False, to_time__isnull=False),
                name="rule_hours_both_or_neither",
            ),
        ]

    def __str__(self) -> str:
        return f"rule {str(self.pk)[:8]}"


class Template(models.Model):
    """Face data, encrypted under the key of the standing it hangs on. Triggers hold law 3 (see migrations)."""

    credential = models.OneToOneField(Credential, models.PROTECT, primary_key=True, related_name="template")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="+")
    standing = models.ForeignKey(Standing, models.RESTRICT, related_name="templates")
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"template {str(self.pk)[:8]}"


class SealedCopy(models.Model):
    """That a device may hold a copy of a template, sealed to it. The copy itself is never kept here."""

    id = models.BigAutoField(primary_key=True)
    device = models.ForeignKey(Device, models.PROTECT, related_name="sealed_copies")
    credential = models.ForeignKey(Credential, models.PROTECT, related_name="sealed_copies")
    standing = models.ForeignKey(Standing, models.RESTRICT, related_name="sealed_copies")
    version = models.BigIntegerField()
    acknowledged = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "credential"], name="sealed_copy_once")]
        indexes = [
            models.Index(fields=["device"], condition=Q(acknowledged=False), name="sealed_copy_unheard")
        ]

    def __str__(self) -> str:
        return f"sealed copy {self.pk}"
