"""What an account is opened with beside its password: one-time codes, recovery codes, passkeys.

Each is a choice of the person, and none is ever needed. They hang on the account, for staff who do not live here have them
too. What has ended stays for thirty days with its secret gone, so that nobody gets into an account in silence.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.users import User

# How long the first page tells of it; the database keeps it for as long.
TOLD = timedelta(days=30)
MOST_PASSKEYS = 10


class SecondStepQuerySet(models.QuerySet["SecondStep"]):
    def standing(self) -> SecondStepQuerySet:
        """Being set up, or on."""
        return self.filter(ended_at=None)

    def on(self) -> SecondStepQuerySet:
        """Asked for at each sign-in."""
        return self.standing().filter(confirmed_at__isnull=False)


class SecondStep(models.Model):
    """One-time codes (RFC 6238) as the second step of signing in. Nothing is asked for before a first code was right."""

    class Ended(models.TextChoices):
        SWITCHED_OFF = "switched_off", _("switched off")
        RECOVERED = "recovered", _("switched off by a letter")
        BY_OPERATOR = "by_operator", _("switched off by who runs the system")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="second_steps")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # vault key of the secret
    secret_sealed = models.BinaryField(null=True, editable=False)
    # The half minute of the newest code that was taken: it only grows, so no code is taken twice.
    last_step = models.BigIntegerField(null=True, editable=False)
    # When wrong codes were last typed after the right password, if they were many.
    wrong_at = models.DateTimeField(null=True, editable=False)
    begun_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=20, choices=Ended.choices, blank=True, default="")

    objects = SecondStepQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None), name="secondstep_one_for_an_account"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, last_step=None)
                | Q(confirmed_at__isnull=False, last_step__isnull=False),
                name="secondstep_counts_once_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_because="", secret_sealed__isnull=False)
                | (Q(ended_at__isnull=False, secret_sealed=None) & ~Q(ended_because="")),
                name="secondstep_ended_holds_no_secret",
            ),
            models.CheckConstraint(
                condition=Q(wrong_at=None) | Q(confirmed_at__isnull=False, wrong_at__gte=F("confirmed_at")),
                name="secondstep_wrong_once_on",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-begun_at"], name="secondstep_by_account"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="secondstep_ended"),
        ]

    def __str__(self) -> str:
        return f"second step {str(self.pk)[:8]}"


class RecoveryCode(models.Model):
    """For when the phone is gone. Of the code only the keyed digest is kept, as of a letter's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    step = models.ForeignKey(SecondStep, models.PROTECT, related_name="recovery_codes")
    digest = models.BinaryField(unique=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(used_at__gte=F("made_at")), name="recoverycode_used_after_made"
            ),
        ]

    def __str__(self) -> str:
        return f"recovery code {str(self.pk)[:8]}"


class PasskeyQuerySet(models.QuerySet["Passkey"]):
    def standing(self) -> PasskeyQuerySet:
        return self.filter(removed_at=None)


class Passkey(models.Model):
    """A key that lives in somebody's phone or computer. Here is its public half, and how often it says it has signed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="passkeys")
    name = models.CharField(_("name of a passkey"), max_length=40)
    credential_id = models.BinaryField(null=True, unique=True, editable=False)
    public_key = models.BinaryField(null=True, editable=False)
    sign_count = models.BigIntegerField(default=0, editable=False)
    added_at = models.DateTimeField()
    last_used = models.DateField(null=True)  # the day, and no more of when somebody comes and goes
    removed_at = models.DateTimeField(null=True)

    objects = PasskeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at=None, credential_id__isnull=False, public_key__isnull=False)
                | Q(removed_at__isnull=False, credential_id=None, public_key=None),
                name="passkey_removed_holds_no_key",
            ),
            models.CheckConstraint(condition=Q(sign_count__gte=0), name="passkey_counts_from_nought"),
        ]
        indexes = [
            models.Index(fields=["user", "-added_at"], name="passkey_by_account"),
            models.Index(
                fields=["removed_at"], condition=Q(removed_at__isnull=False), name="passkey_removed"
            ),
        ]

    def __str__(self) -> str:
        return f"passkey {str(self.pk)[:8]}"


class Vouching(models.Model):
    """Append-only: one of the staff, whose second step was lost, stood before somebody who says that it is them. By another
    person, held by the trigger of the migration, which opens the account for another second step."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    # None: by who runs the system, at the machine itself.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    capacity = models.CharField(_("in which role"), max_length=40)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "-at"], name="vouching_by_account")]
        constraints = [models.CheckConstraint(condition=~Q(capacity=""), name="vouching_says_in_which_role")]

    def __str__(self) -> str:
        return f"vouching {str(self.pk)[:8]}"
