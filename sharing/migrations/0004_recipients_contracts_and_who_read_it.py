"""Who a recipient is and what it signed, what a request is for and about whom, and who read it before anybody was asked."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0029_wrong_codes_are_told"),
        ("sharing", "0003_each_answer_is_ones_own"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Contract",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("starts", models.DateField(verbose_name="first day")),
                ("until", models.DateField(verbose_name="last day")),
                ("fields", models.JSONField(verbose_name="fields")),
                ("kinds", models.JSONField(verbose_name="for what")),
                ("measures", models.TextField(max_length=2000, verbose_name="how they keep it safe")),
                ("paper", models.CharField(max_length=200, verbose_name="where its paper is kept")),
                ("confirmed_at", models.DateTimeField(editable=False, null=True)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name": "contract with a recipient",
                "verbose_name_plural": "contracts with recipients",
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "body",
                    models.CharField(
                        choices=[("owners", "owners' committee"), ("residents", "residents' committee")],
                        max_length=20,
                    ),
                ),
                ("yes", models.BooleanField()),
                (
                    "words",
                    models.TextField(blank=True, default="", max_length=500, verbose_name="in your words"),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="SubProcessor",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("what_for", models.CharField(max_length=200, verbose_name="what for")),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="request",
            name="sharing_opened_by_somebody",
        ),
        migrations.RemoveConstraint(
            model_name="request",
            name="sharing_needs_two_people",
        ),
        migrations.AddField(
            model_name="answer",
            name="abroad",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="recipient",
            name="jurisdiction",
            field=models.CharField(
                default="CN",
                help_text="The two letters of ISO 3166: CN is mainland China.",
                max_length=2,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Z]{2}\\Z", "Two capital letters, such as CN, HK or DE."
                    )
                ],
                verbose_name="country or region",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="role",
            field=models.CharField(
                choices=[
                    ("independent", "decides itself what it does with the data"),
                    ("processor", "works for the committee, by contract"),
                    ("authority", "an authority"),
                ],
                default="independent",
                max_length=20,
                verbose_name="role",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="route",
            field=models.CharField(
                blank=True,
                choices=[
                    ("assessment", "security assessment by the authority"),
                    ("contract", "the authority’s standard contract"),
                    ("certificate", "certificate of a body the authority named"),
                ],
                default="",
                max_length=20,
                verbose_name="legal way abroad",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="route_paper",
            field=models.CharField(
                blank=True, default="", max_length=200, verbose_name="where its paper is kept"
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="audience",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="request",
            name="basis",
            field=models.CharField(
                choices=[
                    ("consent", "each resident’s own yes, and nothing else"),
                    ("service", "a service that the resident ordered"),
                    ("duty", "a duty that a law sets"),
                ],
                default="consent",
                max_length=20,
                verbose_name="legal basis",
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="kind",
            field=models.CharField(
                choices=[
                    ("delivery", "bringing things to the door"),
                    ("repair", "repairs and checks at home"),
                    ("care", "care and help at home"),
                    ("billing", "reading meters and sending bills"),
                    ("assembly", "owners’ meetings and votes"),
                    ("club", "what neighbors do together"),
                    ("offer", "telling of an offer"),
                    ("survey", "counting households"),
                ],
                default="",
                max_length=20,
                verbose_name="for what kind of thing",
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="no_costs",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Empty: nothing. With anything else the request is refused.",
                max_length=500,
                verbose_name="what a no costs the resident",
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="onward",
            field=models.TextField(
                blank=True,
                default="",
                help_text="By name. Empty: to nobody.",
                max_length=500,
                verbose_name="passed on to",
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="refused_because",
            field=models.CharField(
                blank=True,
                choices=[
                    ("biometrics", "it asks for a face, a fingerprint or the like"),
                    ("beyond", "it asks for more than it is for"),
                    ("costs", "a no would cost the resident something"),
                    ("review", "one of those who read it said no"),
                ],
                default="",
                editable=False,
                max_length=20,
                verbose_name="refused because",
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="repeats_until",
            field=models.DateField(
                blank=True, help_text="Empty: it is given once.", null=True, verbose_name="given again until"
            ),
        ),
        migrations.AlterField(
            model_name="disclosure",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="disclosures", to="sharing.request"
            ),
        ),
        migrations.AlterField(
            model_name="request",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "draft"),
                    ("open", "residents are deciding"),
                    ("released", "given"),
                    ("refused", "refused before anybody was asked"),
                    ("closed", "closed: nothing more is given"),
                ],
                default="draft",
                editable=False,
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("jurisdiction", "CN"), ("route", ""), ("route_paper", "")),
                    models.Q(
                        models.Q(("jurisdiction", "CN"), _negated=True),
                        ("jurisdiction__regex", "^[A-Z]{2}$"),
                        ("route__in", ("assessment", "contract", "certificate")),
                        models.Q(("route_paper", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="foreign_has_a_route",
                violation_error_message="A recipient abroad needs a legal way and the place of its paper; one in mainland China has neither.",
            ),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ("independent", "processor", "authority"))),
                name="recipient_has_a_role",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="confirmed_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="ended_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="recipient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contracts",
                to="sharing.recipient",
                verbose_name="recipient",
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="written_by",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="contract",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="sharing.contract",
                verbose_name="contract",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ("draft", "refused")),
                    models.Q(("opened_at__isnull", False), ("opened_by__isnull", False)),
                    _connector="OR",
                ),
                name="sharing_opened_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(("no_costs", ""), ("state", "refused"), _connector="OR"),
                name="sharing_no_costs_nothing",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "refused"), models.Q(("refused_because", ""), _negated=True)),
                    models.Q(models.Q(("state", "refused"), _negated=True), ("refused_because", "")),
                    _connector="OR",
                ),
                name="sharing_refused_for_a_reason",
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="sharing.request"
            ),
        ),
        migrations.AddField(
            model_name="subprocessor",
            name="contract",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sub_processors",
                to="sharing.contract",
            ),
        ),
        migrations.AddField(
            model_name="subprocessor",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gte", models.F("starts"))),
                name="contract_ends_after_it_began",
                violation_error_message="The last day comes after the first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("measures", ""), _negated=True), models.Q(("paper", ""), _negated=True)
                ),
                name="contract_says_how_and_where",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at", None), ("confirmed_by", None)),
                    models.Q(("confirmed_at__isnull", False), ("confirmed_by__isnull", False)),
                    _connector="OR",
                ),
                name="contract_confirmed_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_by", None)),
                    models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="contract_ended_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(fields=("request", "by"), name="reviewed_once"),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(("body__in", ("owners", "residents"))), name="review_by_a_committee"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(("yes", True), models.Q(("words", ""), _negated=True), _connector="OR"),
                name="review_no_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="subprocessor",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), _negated=True), models.Q(("what_for", ""), _negated=True)
                ),
                name="sub_processor_is_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="subprocessor",
            constraint=models.UniqueConstraint(fields=("contract", "name"), name="sub_processor_once"),
        ),
    ]
