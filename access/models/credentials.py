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


class Credential(models.Model):
    class Kind(models.TextChoices):
        CARD = "card", _("card")
        FACE = "face", _("face")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="credentials")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    # Cards: HMAC of the number under the neighborhood's card key. The number itself is not kept.
    digest = models.BinaryField(null=True)
    created_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        verbose_name = _("way to get in")
        verbose_name_plural = _("ways to get in")
        indexes = [models.Index(fields=["resident", "kind"], name="credential_by_resident")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="card", digest__isnull=False) | Q(kind="face", digest=None),
                name="credential_card_has_a_digest",
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
