"""What has to be there before a neighborhood may use faces: why, at what risk, and what has happened since."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0006_read_by_two_and_decided_by_whom"),
        ("residents", "0016_a_right_to_assess"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImpactAssessment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "modality",
                    models.CharField(
                        choices=[("face", "face"), ("fingerprint", "fingerprint")],
                        default="face",
                        max_length=20,
                        verbose_name="what is to be used",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("in_force", "in force"),
                            ("stale", "no longer holds"),
                            ("superseded", "replaced by another"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("summary", models.TextField(blank=True, verbose_name="summary for everybody")),
                ("summary_en", models.TextField(blank=True, verbose_name="summary for everybody (English)")),
                (
                    "lawfulness",
                    models.TextField(
                        blank=True, verbose_name="is it lawful: the purpose and the way it is done"
                    ),
                ),
                (
                    "legitimacy",
                    models.TextField(blank=True, verbose_name="is it legitimate: whose interest it serves"),
                ),
                ("necessity", models.TextField(blank=True, verbose_name="is it necessary")),
                (
                    "effect_on_rights",
                    models.TextField(
                        blank=True, verbose_name="what it does to people’s rights and interests"
                    ),
                ),
                (
                    "security_risk",
                    models.TextField(blank=True, verbose_name="what risks to security it brings"),
                ),
                (
                    "measures_lawful",
                    models.TextField(blank=True, verbose_name="are the protective measures lawful"),
                ),
                ("measures_effective", models.TextField(blank=True, verbose_name="are they effective")),
                (
                    "measures_proportionate",
                    models.TextField(blank=True, verbose_name="are they proportionate to the risk"),
                ),
                ("risk_leak", models.TextField(blank=True, verbose_name="risk of a leak")),
                ("risk_tampering", models.TextField(blank=True, verbose_name="risk of tampering")),
                ("risk_loss", models.TextField(blank=True, verbose_name="risk of loss")),
                ("risk_damage", models.TextField(blank=True, verbose_name="risk of damage")),
                (
                    "risk_acquisition",
                    models.TextField(blank=True, verbose_name="risk that somebody gets it unlawfully"),
                ),
                ("risk_sale", models.TextField(blank=True, verbose_name="risk that it is sold")),
                ("risk_use", models.TextField(blank=True, verbose_name="risk that it is used unlawfully")),
                (
                    "valid_until",
                    models.DateField(
                        blank=True,
                        help_text="The day on which it no longer holds: at most a year after it is confirmed.",
                        null=True,
                        verbose_name="holds until",
                    ),
                ),
                (
                    "written_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="written",
                    ),
                ),
                ("confirmed_at", models.DateTimeField(editable=False, null=True, verbose_name="confirmed")),
                (
                    "stale_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("form_changed", "what residents are asked to agree to has changed"),
                            ("gate_looks", "a gate began to look at faces"),
                            ("reader_added", "a reader came beside another one at its gate"),
                            ("incident", "a leak or an attack has happened"),
                            ("date_passed", "its time is over"),
                        ],
                        editable=False,
                        max_length=20,
                        verbose_name="why it no longer holds",
                    ),
                ),
                ("over_on", models.DateField(editable=False, null=True, verbose_name="held until")),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="confirmed by",
                    ),
                ),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assessments",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
            ],
            options={
                "verbose_name": "impact assessment",
                "verbose_name_plural": "impact assessments",
                "indexes": [
                    models.Index(
                        condition=models.Q(("over_on__isnull", False)),
                        fields=["over_on"],
                        name="assessment_by_its_end",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in_force")),
                        fields=("neighborhood", "modality"),
                        name="assessment_one_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("confirmed_at", None), ("confirmed_by", None), ("state", "draft")),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("confirmed_by__isnull", False),
                                ("state__in", ["in_force", "stale", "superseded"]),
                                ("valid_until__isnull", False),
                                models.Q(("confirmed_by", models.F("written_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="assessment_confirmed_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "draft"),
                            models.Q(
                                ("summary__regex", "\\S"),
                                ("summary_en__regex", "\\S"),
                                ("lawfulness__regex", "\\S"),
                                ("legitimacy__regex", "\\S"),
                                ("necessity__regex", "\\S"),
                                ("effect_on_rights__regex", "\\S"),
                                ("security_risk__regex", "\\S"),
                                ("measures_lawful__regex", "\\S"),
                                ("measures_effective__regex", "\\S"),
                                ("measures_proportionate__regex", "\\S"),
                                ("risk_leak__regex", "\\S"),
                                ("risk_tampering__regex", "\\S"),
                                ("risk_loss__regex", "\\S"),
                                ("risk_damage__regex", "\\S"),
                                ("risk_acquisition__regex", "\\S"),
                                ("risk_sale__regex", "\\S"),
                                ("risk_use__regex", "\\S"),
                            ),
                            _connector="OR",
                        ),
                        name="assessment_in_force_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("over_on", None), ("stale_because", ""), ("state__in", ["draft", "in_force"])
                            ),
                            models.Q(
                                ("over_on__isnull", False), ("stale_because", ""), ("state", "superseded")
                            ),
                            models.Q(
                                ("over_on__isnull", False),
                                ("state", "stale"),
                                models.Q(("stale_because", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="assessment_over_says_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("leak", "data got out, or may have"),
                            ("attack", "somebody broke in, or tried to"),
                            ("loss", "a reader or a medium with data was lost or stolen"),
                            ("misuse", "data was used for something else"),
                        ],
                        max_length=20,
                        verbose_name="what has happened",
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        help_text="What is known, and from where. Name no resident.",
                        verbose_name="in a few words",
                    ),
                ),
                (
                    "said_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="when it was said",
                    ),
                ),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "said_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")), name="incident_says_what"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Justification",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "modality",
                    models.CharField(
                        choices=[("face", "face"), ("fingerprint", "fingerprint")],
                        default="face",
                        max_length=20,
                        verbose_name="what is to be used",
                    ),
                ),
                (
                    "for_minors",
                    models.BooleanField(
                        default=False,
                        help_text="Without a justification of their own, children under fourteen are left out.",
                        verbose_name="for children under fourteen",
                    ),
                ),
                ("problem", models.TextField(blank=True, verbose_name="what problem it is to solve")),
                (
                    "problem_en",
                    models.TextField(blank=True, verbose_name="what problem it is to solve (English)"),
                ),
                ("plain_ways", models.TextField(blank=True, verbose_name="why cards and PINs do not do")),
                (
                    "plain_ways_en",
                    models.TextField(blank=True, verbose_name="why cards and PINs do not do (English)"),
                ),
                ("considered", models.TextField(blank=True, verbose_name="what was considered instead")),
                (
                    "considered_en",
                    models.TextField(blank=True, verbose_name="what was considered instead (English)"),
                ),
                ("least_harm", models.TextField(blank=True, verbose_name="why this does the least harm")),
                (
                    "least_harm_en",
                    models.TextField(blank=True, verbose_name="why this does the least harm (English)"),
                ),
                (
                    "written_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="written",
                    ),
                ),
                ("confirmed_at", models.DateTimeField(editable=False, null=True, verbose_name="confirmed")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="confirmed by",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ended by",
                    ),
                ),
                (
                    "neighborhood",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="justifications",
                        to="residents.neighborhood",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
            ],
            options={
                "verbose_name": "justification",
                "verbose_name_plural": "justifications",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", False), ("ended_at", None)),
                        fields=("neighborhood", "modality", "for_minors"),
                        name="justification_one_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("confirmed_at", None), ("confirmed_by", None)),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("confirmed_by__isnull", False),
                                models.Q(("confirmed_by", models.F("written_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="justification_confirmed_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("ended_by", None)),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("ended_at__isnull", False),
                                ("ended_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="justification_ended_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_at", None),
                            models.Q(
                                ("problem__regex", "\\S"),
                                ("problem_en__regex", "\\S"),
                                ("plain_ways__regex", "\\S"),
                                ("plain_ways_en__regex", "\\S"),
                                ("considered__regex", "\\S"),
                                ("considered_en__regex", "\\S"),
                                ("least_harm__regex", "\\S"),
                                ("least_harm_en__regex", "\\S"),
                            ),
                            _connector="OR",
                        ),
                        name="justification_confirmed_is_whole",
                    ),
                ],
            },
        ),
    ]
