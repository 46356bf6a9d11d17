"""The server holds a template only until the gates have it, unless its owner agreed to more (obligation 19).

The key stays: a further enrolment under the same yes seals with it, and it opens nothing that is left here. It is
destroyed with the consent, and with it whatever a backup of these minutes may have kept.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from access.models import Device, FeedRow, SealedCopy, Template
from consent.models import Purpose, Standing


def drop_delivered_templates(*, at: datetime) -> int:
    """For the sweep: delete templates that every trusted device on their gates has said it holds.

    One that no device has yet stays: dropping it would undo the enrolment. A device paired later will not get it; its
    owner sees which gates know them, and may enrol again or agree to storage.
    """
    agreed = Standing.objects.live(at).filter(
        purpose=Purpose.TEMPLATE_ON_SERVER, resident=OuterRef("resident_id")
    )
    copies = SealedCopy.objects.filter(credential=OuterRef("credential_id"), acknowledged=True)
    delivered = SealedCopy.objects.filter(
        device=OuterRef("pk"),
        credential=OuterRef(OuterRef("credential_id")),
        acknowledged=True,
        # A copy of an earlier version is on its way to be replaced: the device has not seen the latest.
        version__gte=OuterRef("wanted_version"),
    )
    row = FeedRow.objects.filter(
        gate=OuterRef("gate_id"), credential=OuterRef(OuterRef("credential_id")), present=True
    )
    wanting = (
        Device.objects.trusted()
        .annotate(wanted_version=row.values("version")[:1])
        .filter(
            ~Exists(delivered), wanted_version__isnull=False, neighborhood=OuterRef("standing__neighborhood")
        )
    )
    done = Template.objects.filter(~Exists(agreed), Exists(copies), ~Exists(wanting))
    return Template.objects.filter(pk__in=list(done.values_list("pk", flat=True))).delete()[0]
