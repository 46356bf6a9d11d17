"""What has to be there before a neighborhood may look at faces: why, at what risk, and what has happened since."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from consent.models.purposes import Modality
from residents.models import Neighborhood, User

# What a justification answers, in both languages.
PARTS = ("problem", "plain_ways", "considered", "least_harm")
JUSTIFIED = tuple(f"{part}{tongue}" for part in PARTS for tongue in ("", "_en"))
# What PIPL 56 and FR 9 want considered, each on its own.
ASKED = (
    "lawfulness",
    "legitimacy",
    "necessity",
    "effect_on_rights",
    "security_risk",
    "measures_lawful",
    "measures_effective",
    "measures_proportionate",
    "risk_leak",
    "risk_tampering",
    "risk_loss",
    "risk_damage",
    "risk_acquisition",
    "risk_sale",
    "risk_use",
)
ASSESSED = ("summary", "summary_en", *ASKED)


def _whole(names: Iterable[str]) -> Q:
    """Each of these says something: a space is no answer."""
    said = Q()
    for name in names:
        said &= Q(**{f"{name}__regex": r"\S"})
    return said


class JustificationQuerySet(models.QuerySet["Justification"]):
    def in_force(self) -> JustificationQuerySet:
        return self.filter(confirmed_at__isnull=False, ended_at=None)


class Justification(models.Model):
    """Why plain ways do not do here. Written by one, confirmed by another; nobody under fourteen is covered by it unless
    a justification of their own says so (obligations 15 and 17)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="justifications")
    modality = models.CharField(
        _("what is to be used"), max_length=20, choices=Modality.choices, default=Modality.FACE
    )
    for_minors = models.BooleanField(
        _("for children under fourteen"),
        default=False,
        help_text=_("Without a justification of their own, children under fourteen are left out."),
    )
    problem = models.TextField(_("what problem it is to solve"), blank=True)
    problem_en = models.TextField(_("what problem it is to solve (English)"), blank=True)
    plain_ways = models.TextField(_("why cards and PINs do not do"), blank=True)
    plain_ways_en = models.TextField(_("why cards and PINs do not do (English)"), blank=True)
    considered = models.TextField(_("what was considered instead"), blank=True)
    considered_en = models.TextField(_("what was considered instead (English)"), blank=True)
    least_harm = models.TextField(_("why this does the least harm"), blank=True)
    least_harm_en = models.TextField(_("why this does the least harm (English)"), blank=True)
    written_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", editable=False, verbose_name=_("written by")
    )
    written_at = models.DateTimeField(_("written"), db_default=Now(), editable=False)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("ended by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    PARTS = PARTS
    WORDS = JUSTIFIED

    objects = JustificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("justification")
        verbose_name_plural = _("justifications")
        constraints = [
            models.UniqueConstraint(
                fields=["neighborhood", "modality", "for_minors"],
                condition=Q(confirmed_at__isnull=False, ended_at=None),
                name="justification_one_in_force",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                & ~Q(confirmed_by=F("written_by")),
                name="justification_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(ended_by=None, ended_at=None)
                | Q(ended_by__isnull=False, ended_at__isnull=False, confirmed_at__isnull=False),
                name="justification_ended_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | _whole(JUSTIFIED), name="justification_confirmed_is_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {str(self.pk)[:8]}"


class AssessmentQuerySet(models.QuerySet["ImpactAssessment"]):
    def in_force(self) -> AssessmentQuerySet:
        return self.filter(state=ImpactAssessment.State.IN_FORCE)

    def in_date(self, on: date) -> AssessmentQuerySet:
        return self.in_force().filter(valid_until__gt=on)


class ImpactAssessment(models.Model):
    """What PIPL 56 and FR 9 want considered before the first face, each on its own. Kept for three years at the least."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        IN_FORCE = "in_force", _("in force")
        STALE = "stale", _("no longer holds")
        SUPERSEDED = "superseded", _("replaced by another")

    class Because(models.TextChoices):
        """Why one no longer holds."""

        FORM_CHANGED = "form_changed", _("what residents are asked to agree to has changed")
        GATE_LOOKS = "gate_looks", _("a gate began to look at faces")
        READER_ADDED = "reader_added", _("a reader came beside another one at its gate")
        INCIDENT = "incident", _("a leak or an attack has happened")
        DATE_PASSED = "date_passed", _("its time is over")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="assessments")
    modality = models.CharField(
        _("what is to be used"), max_length=20, choices=Modality.choices, default=Modality.FACE
    )
    state = models.CharField(
        _("state"), max_length=20, choices=State.choices, default=State.DRAFT, editable=False
    )
    summary = models.TextField(_("summary for everybody"), blank=True)
    summary_en = models.TextField(_("summary for everybody (English)"), blank=True)
    lawfulness = models.TextField(_("is it lawful: the purpose and the way it is done"), blank=True)
    legitimacy = models.TextField(_("is it legitimate: whose interest it serves"), blank=True)
    necessity = models.TextField(_("is it necessary"), blank=True)
    effect_on_rights = models.TextField(_("what it does to people’s rights and interests"), blank=True)
    security_risk = models.TextField(_("what risks to security it brings"), blank=True)
    measures_lawful = models.TextField(_("are the protective measures lawful"), blank=True)
    measures_effective = models.TextField(_("are they effective"), blank=True)
    measures_proportionate = models.TextField(_("are they proportionate to the risk"), blank=True)
    risk_leak = models.TextField(_("risk of a leak"), blank=True)
    risk_tampering = models.TextField(_("risk of tampering"), blank=True)
    risk_loss = models.TextField(_("risk of loss"), blank=True)
    risk_damage = models.TextField(_("risk of damage"), blank=True)
    risk_acquisition = models.TextField(_("risk that somebody gets it unlawfully"), blank=True)
    risk_sale = models.TextField(_("risk that it is sold"), blank=True)
    risk_use = models.TextField(_("risk that it is used unlawfully"), blank=True)
    valid_until = models.DateField(
        _("holds until"),
        null=True,
        blank=True,
        help_text=_("The day on which it no longer holds: at most a year after it is confirmed."),
    )
    written_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", editable=False, verbose_name=_("written by")
    )
    written_at = models.DateTimeField(_("written"), db_default=Now(), editable=False)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    stale_because = models.CharField(
        _("why it no longer holds"), max_length=20, choices=Because.choices, blank=True, editable=False
    )
    over_on = models.DateField(_("held until"), null=True, editable=False)

    ASKED = ASKED
    WORDS = ASSESSED

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("impact assessment")
        verbose_name_plural = _("impact assessments")
        indexes = [
            models.Index(fields=["over_on"], condition=Q(over_on__isnull=False), name="assessment_by_its_end")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["neighborhood", "modality"],
                condition=Q(state="in_force"),
                name="assessment_one_in_force",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", confirmed_by=None, confirmed_at=None)
                | Q(
                    state__in=["in_force", "stale", "superseded"],
                    confirmed_by__isnull=False,
                    confirmed_at__isnull=False,
                    valid_until__isnull=False,
                )
                & ~Q(confirmed_by=F("written_by")),
                name="assessment_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | _whole(ASSESSED), name="assessment_in_force_is_whole"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_force"], over_on=None, stale_because="")
                | Q(state="superseded", over_on__isnull=False, stale_because="")
                | Q(state="stale", over_on__isnull=False) & ~Q(stale_because=""),
                name="assessment_over_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {str(self.pk)[:8]}"


class Incident(models.Model):
    """That something has gone wrong, said by whoever noticed. What was assessed no longer holds from that moment."""

    class Kind(models.TextChoices):
        LEAK = "leak", _("data got out, or may have")
        ATTACK = "attack", _("somebody broke in, or tried to")
        LOSS = "loss", _("a reader or a medium with data was lost or stolen")
        MISUSE = "misuse", _("data was used for something else")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    kind = models.CharField(_("what has happened"), max_length=20, choices=Kind.choices)
    reason = models.TextField(
        _("in a few words"), help_text=_("What is known, and from where. Name no resident.")
    )
    said_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    said_at = models.DateTimeField(_("when it was said"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.CheckConstraint(condition=_whole(["reason"]), name="incident_says_what"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {str(self.pk)[:8]}"
