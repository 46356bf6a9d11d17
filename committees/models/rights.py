"""What became of somebody's rights: appointed, ended, closed. Written by the database itself, whoever changed them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models import Neighborhood, User


class RightsChange(models.Model):
    """Append-only. Triggers of the migration write it as terms and accounts change, so that what is done past the code stands
    here too: then nobody is named as its author. Codes, numbers and times; no name and no words.

    `what` is free for parts that come later (see `committees.rights_changes`); these are the ones that the triggers write.
    """

    class What(models.TextChoices):
        APPOINTED = "term.appointed", _("appointed")
        ENDED = "term.ended", _("term ended early")
        CHANGED = "term.changed", _("term changed in another way")
        CALLED_OFF = "term.called_off", _("appointment called off before it began")
        OPERATOR_MADE = "operator.made", _("made one who runs the system")
        OPERATOR_ENDED = "operator.ended", _("runs the system no more")
        ACCOUNT_CLOSED = "account.closed", _("account of somebody in office closed")
        ACCOUNT_OPENED = "account.opened", _("account of somebody in office opened again")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # None: what holds everywhere, as the rights of who runs the system.
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    what = models.CharField(_("what happened"), max_length=40)
    capacity = models.CharField(_("which office"), max_length=40, blank=True)
    # Opaque, without a foreign key: one that never began is deleted.
    about = models.UUIDField(null=True)
    starts = models.DateField(null=True)
    ends = models.DateField(null=True)
    # Nobody is named where it was done past the code, or by itself.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("change of rights")
        verbose_name_plural = _("changes of rights")
        indexes = [
            models.Index(fields=["neighborhood", "-at"], name="rightschange_by_place"),
            # A page of a place's list, among which stands what holds everywhere.
            models.Index(fields=["-at", "id"], name="rightschange_by_time"),
        ]
        constraints = [models.CheckConstraint(condition=~Q(what=""), name="rightschange_says_what")]

    def __str__(self) -> str:
        return f"change {str(self.pk)[:8]}"
