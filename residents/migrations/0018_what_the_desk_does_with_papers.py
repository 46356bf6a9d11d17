"""What the desk does with papers has words in the record, and an order of erasure of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0017_a_minors_details_take_two"),
    ]

    operations = [
        migrations.AlterField(
            model_name="deskact",
            name="act",
            field=models.CharField(
                choices=[
                    ("moved_in", "You were put on the register, with a way in"),
                    ("card_lost", "Your card was reported lost and blocked"),
                    ("pin_lent", "A PIN was lent to you"),
                    ("pass_made", "A visitor pass was made for you"),
                    ("paper_given", "A form was given to you on paper, to take home"),
                    ("paper_taken", "A form that you signed came back, and was written down"),
                    ("paper_read", "A second of the staff read the form that you signed"),
                    ("paper_stopped", "A form on paper was stopped, because you said so"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="deskact",
            name="known_by",
            field=models.CharField(
                choices=[
                    ("in_person", "they stand here, and I know them or was shown a document"),
                    ("rang_back", "I rang back on the number we keep"),
                    ("voice", "by phone; I know the voice"),
                    ("helper", "somebody else, who said dwelling and name and helps them"),
                    ("unsure", "by phone; I am not sure"),
                    ("paper", "by the signed paper alone"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="erasureorder",
            name="cause",
            field=models.CharField(
                choices=[
                    ("withdrawn", "you stopped it"),
                    ("expired", "the time you agreed to is over"),
                    ("form_changed", "the form changed"),
                    ("retired", "it is no longer offered here"),
                    ("moved_out", "you do not live here any more"),
                    ("died", "a death was recorded"),
                    ("unheld", "no guardian who had agreed decides any more"),
                    ("paper", "the paper does not count"),
                ],
                max_length=20,
                verbose_name="why",
            ),
        ),
    ]
