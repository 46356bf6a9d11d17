"""What staff do at the desk is written down and seen, an entry is named by a look-up of its own, practice stays apart."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ledger.append_only import AppendOnly
from residents.practising import NeverInPractice
from residents.same_neighborhood import SameNeighborhood

STAYS_WHAT_IT_IS = """
CREATE FUNCTION residents_neighborhood_practice_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a neighborhood is for practice from its first day, or never' USING ERRCODE = 'LM040';
END
$$;
CREATE TRIGGER residents_neighborhood_practice_stays BEFORE UPDATE ON residents_neighborhood
    FOR EACH ROW WHEN (NEW.practice IS DISTINCT FROM OLD.practice)
    EXECUTE FUNCTION residents_neighborhood_practice_stays();
ALTER TABLE residents_neighborhood ENABLE ALWAYS TRIGGER residents_neighborhood_practice_stays;
"""
MAY_BECOME_ANOTHER = """
DROP TRIGGER residents_neighborhood_practice_stays ON residents_neighborhood;
DROP FUNCTION residents_neighborhood_practice_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0012_the_erased_stay_erased")]

    operations = [
        migrations.AddField(
            model_name="lookup",
            name="what",
            field=models.CharField(
                choices=[
                    ("contact", "Your name and phone number"),
                    ("entry", "Who passed a gate, and it was you or a visitor of yours"),
                ],
                default="contact",
                max_length=20,
            ),
        ),
        migrations.AddField(model_name="lookup", name="event", field=models.UUIDField(null=True)),
        migrations.AddConstraint(
            model_name="lookup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event", None), ("what", "contact")),
                    models.Q(("event__isnull", False), ("what", "entry")),
                    _connector="OR",
                ),
                name="lookup_says_what_it_opened",
            ),
        ),
        migrations.CreateModel(
            name="DeskAct",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("moved_in", "You were put on the register, with a way in"),
                            ("card_lost", "Your card was reported lost and blocked"),
                            ("pin_lent", "A PIN was lent to you"),
                            ("pass_made", "A visitor pass was made for you"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "known_by",
                    models.CharField(
                        choices=[
                            ("in_person", "they stand here, and I know them or was shown a document"),
                            ("rang_back", "I rang back on the number we keep"),
                            ("voice", "by phone; I know the voice"),
                            ("helper", "somebody else, who said dwelling and name and helps them"),
                            ("unsure", "by phone; I am not sure"),
                        ],
                        max_length=20,
                    ),
                ),
                ("capacity", models.CharField(max_length=40, verbose_name="in which role")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
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
                    "resident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="desk_acts",
                        to="residents.resident",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["resident", "-at"], name="deskact_by_resident")]},
        ),
        SameNeighborhood("residents_deskact", resident_id="residents_resident"),
        AppendOnly("residents_deskact"),
        migrations.RunSQL(STAYS_WHAT_IT_IS, MAY_BECOME_ANOTHER),
        NeverInPractice("residents_resident", when="NEW.user_id IS NOT NULL"),
        NeverInPractice("residents_letter"),
        NeverInPractice("residents_letterbatch"),
    ]
