"""A company's contract, a suspension of a term, and who is co-opted in a place that came free (obligations 30, 46)."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0013_a_result_is_what_the_ballots_say"),
        ("residents", "0045_rights_about_offices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="servicerequest",
            index=models.Index(fields=["neighborhood", "opened_at"], name="service_by_month"),
        ),
        migrations.AddField(
            model_name="term",
            name="planned_ends",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="CompanyContract",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("starts", models.DateField(verbose_name="from")),
                (
                    "ends",
                    models.DateField(
                        help_text="The first day on which it holds no more.", verbose_name="until"
                    ),
                ),
                ("paper", models.CharField(max_length=200, verbose_name="where its paper is kept")),
                ("written_at", models.DateTimeField(editable=False)),
                ("confirmed_at", models.DateTimeField(editable=False, null=True, verbose_name="confirmed")),
                ("called_off_at", models.DateTimeField(editable=False, null=True, verbose_name="called off")),
                ("superseded_at", models.DateTimeField(editable=False, null=True, verbose_name="replaced")),
                (
                    "called_off_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "committee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contracts",
                        to="committees.committee",
                        verbose_name="property company",
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    "replaces",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="committees.companycontract",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "contract with the property company",
                "verbose_name_plural": "contracts with the property company",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends__gte", models.F("starts"))),
                        name="company_contract_ends_after_it_began",
                        violation_error_message="The last day comes after the first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("paper", ""), _negated=True), name="company_contract_has_a_paper"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", False)),
                        fields=("replaces",),
                        name="company_contract_replaced_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CoOption",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("starts", models.DateField(verbose_name="from")),
                ("decided_on", models.DateField(verbose_name="decided on")),
                ("paper", models.CharField(max_length=200, verbose_name="where the minutes are kept")),
                ("written_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed")),
                ("called_off_at", models.DateTimeField(null=True, verbose_name="called off")),
                (
                    "called_off_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "committee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="co_options",
                        to="committees.committee",
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    "replaces",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="co_options",
                        to="committees.term",
                    ),
                ),
                (
                    "term",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="co_opted_by",
                        to="committees.term",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "co-option",
                "verbose_name_plural": "co-options",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("paper", ""), _negated=True), name="co_option_has_a_paper"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("starts__gte", models.F("decided_on"))),
                        name="co_option_begins_once_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("confirmed_at", None), ("term__isnull", True)),
                            models.Q(("confirmed_at__isnull", False), ("term__isnull", False)),
                            _connector="OR",
                        ),
                        name="co_option_is_a_term_once_confirmed",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", False)),
                        fields=("replaces",),
                        name="one_is_co_opted_in_a_place",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Suspension",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("since", models.DateField(verbose_name="from")),
                ("until", models.DateField(null=True, verbose_name="until")),
                (
                    "because",
                    models.CharField(
                        choices=[
                            ("inquiry", "something is looked into"),
                            ("conflict", "their own interest is at stake"),
                            ("absence", "they are away, or ill"),
                            ("decision", "the body or its assembly has decided it"),
                            ("wish", "they asked for it"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                ("paper", models.CharField(max_length=200, verbose_name="where its paper is kept")),
                ("imposed_at", models.DateTimeField(verbose_name="decided")),
                ("lifted_at", models.DateTimeField(null=True, verbose_name="lifted")),
                (
                    "imposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    "term",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suspensions",
                        to="committees.term",
                    ),
                ),
            ],
            options={
                "verbose_name": "suspension",
                "verbose_name_plural": "suspensions",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("until__gt", models.F("since")), _connector="OR"
                        ),
                        name="suspension_lasts_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("paper", ""), _negated=True), name="suspension_has_a_paper"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("because__in", ["inquiry", "conflict", "absence", "decision", "wish"])
                        ),
                        name="suspension_has_a_reason",
                    ),
                ],
            },
        ),
    ]
