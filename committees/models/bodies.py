"""Bodies, terms, and the object permissions that a term grants."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import DateField, DateTimeField, Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from residents.models import Neighborhood, User

# As people write a number they want to be rung at: 110, 0571 8800 1000, +86 571-8800-1000.
PHONE = r"^\+?[0-9][0-9 -]{1,36}[0-9]$"
a_phone = RegexValidator(PHONE, _("Write a telephone number: digits, with spaces or dashes between them."))


class Committee(models.Model):
    """One of three kinds of body, never one word for all; how it can be reached is public (obligation 31)."""

    class Kind(models.TextChoices):
        OWNERS = "owners", _("owners' committee")
        RESIDENTS = "residents", _("residents' committee")
        PROPERTY = "property", _("property company")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="committees")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100)
    # An office's, never somebody's own.
    office = models.CharField(_("where its office is"), max_length=120, blank=True)
    hours = models.CharField(_("when somebody is there"), max_length=120, blank=True)
    phone = models.CharField(_("telephone of the office"), max_length=40, blank=True, validators=[a_phone])
    # On the property company it is the number to call at 23:00, which stands on every page.
    night_phone = models.CharField(
        _("telephone outside these hours"), max_length=40, blank=True, validators=[a_phone]
    )

    class Meta:
        verbose_name = _("committee")
        verbose_name_plural = _("committees")
        constraints = [
            models.CheckConstraint(
                condition=(Q(phone="") | Q(phone__regex=PHONE))
                & (Q(night_phone="") | Q(night_phone__regex=PHONE)),
                name="a_body_is_rung_at_a_number",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def local_date(at: datetime, zone: str = "time_zone") -> Cast:
    """The calendar day at this moment in the neighborhood, as an expression: terms end at its own midnight."""
    local = Func(F(zone), Value(at, DateTimeField()), function="timezone", output_field=DateTimeField())
    return Cast(local, DateField())


class TermQuerySet(models.QuerySet["Term"]):
    def begun(self, at: datetime) -> TermQuerySet:
        """Those that have begun on the place's own calendar and are not suspended now; they may be over."""
        from committees.models.members import Suspension

        suspended = Suspension.objects.filter(
            term=OuterRef("pk"), lifted_at=None, since__lte=OuterRef("here")
        ).exclude(until__lte=OuterRef("here"))
        found = self.alias(here=local_date(at, "neighborhood__time_zone")).filter(starts__lte=F("here"))
        return found.exclude(Exists(suspended))

    def in_force(self, at: datetime) -> TermQuerySet:
        """Those that give rights at this moment: on the place's own calendar, not suspended, and within the company's contract.

        One condition of one query, and the same as `committees_in_force` in the database. A company of which no contract was
        ever confirmed has its terms alone.
        """
        from committees.models.contracts import CompanyContract

        here = OuterRef("here")
        signed = CompanyContract.objects.filter(committee=OuterRef("committee"), confirmed_at__isnull=False)
        current = signed.filter(superseded_at=None, starts__lte=here, ends__gt=here)
        return self.begun(at).filter(Exists(current) | ~Exists(signed), ends__gt=F("here"))


class Term(models.Model):
    """Somebody holds a role from `starts` up to, not including, `ends`. There is no term without an end."""

    class Role(models.TextChoices):
        CHAIR = "chair", _("chair")
        CLERK = "clerk", _("clerk")
        AUDITOR = "auditor", _("auditor")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="terms")
    committee = models.ForeignKey(Committee, models.PROTECT, related_name="terms")
    user = models.ForeignKey(User, models.PROTECT, related_name="terms")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    starts = models.DateField(_("from"))
    ends = models.DateField(_("until"))
    # What `ends` was at first, by the database: who is co-opted in this place stays no longer. Empty in terms of before.
    planned_ends = models.DateField(null=True, editable=False)
    # As residents read it while the term lasts. An account has no name, and nothing else of the person is public.
    public_name = models.CharField(_("name that residents read"), max_length=50, blank=True)
    # The law asks for the names of the owners' committee; anybody else is named with a yes of their own (obligation 31).
    name_agreed = models.BooleanField(_("has agreed in writing to be named"), default=False)

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="term_ends_after_it_began"),
            models.CheckConstraint(
                condition=~Q(public_name__regex=r"[0-9@]"),
                name="public_name_is_a_name",
                violation_error_message=_("Only the name: no number, no address."),
            ),
        ]

    def __str__(self) -> str:
        return f"term {str(self.pk)[:8]}"

    @property
    def last_day(self) -> date:
        return self.ends - timedelta(days=1)


class NeighborhoodPermission(UserObjectPermissionBase):
    """guardian's direct-foreign-key model: a permission on a neighborhood, granted by an appointment."""

    content_object = models.ForeignKey(Neighborhood, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
