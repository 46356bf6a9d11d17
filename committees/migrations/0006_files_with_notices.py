"""Files with notices, sorts of documents, and to which meeting a document belongs; what holds them is in the next one."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("committees", "0005_a_request_goes_its_way"),
        ("residents", "0023_a_refusal_has_its_reason"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeFile",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("format", models.CharField(choices=[("pdf", "PDF"), ("picture", "picture")], max_length=10)),
                ("title", models.CharField(max_length=100, verbose_name="title of the file")),
                (
                    "title_en",
                    models.CharField(blank=True, max_length=200, verbose_name="title of the file in English"),
                ),
                (
                    "shows",
                    models.CharField(blank=True, max_length=500, verbose_name="what the picture shows"),
                ),
                (
                    "shows_en",
                    models.CharField(
                        blank=True, max_length=1000, verbose_name="what the picture shows, in English"
                    ),
                ),
                ("made_by", models.CharField(blank=True, max_length=500)),
                ("content", models.BinaryField()),
                ("hash", models.BinaryField(max_length=32)),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "file of a notice",
                "verbose_name_plural": "files of notices",
                "ordering": ["number"],
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="hash",
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="meeting",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="papers",
                to="committees.notice",
                verbose_name="of which meeting",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="sort",
            field=models.CharField(
                blank=True,
                choices=[
                    ("minutes", "minutes"),
                    ("accounts", "accounts"),
                    ("rules", "rules"),
                    ("contract", "contract"),
                ],
                max_length=20,
                verbose_name="sort of document",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("kind", "document")),
                fields=["neighborhood", "-published_at", "-id"],
                name="documents_newest_first",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "document"), models.Q(("meeting", None), ("sort", "")), _connector="OR"
                ),
                name="only_a_document_is_of_a_sort",
                violation_error_message="Only a document is of a sort, or belongs to a meeting.",
            ),
        ),
        migrations.AddField(
            model_name="noticefile",
            name="added_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="noticefile",
            name="neighborhood",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="residents.neighborhood"
            ),
        ),
        migrations.AddField(
            model_name="noticefile",
            name="notice",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="files", to="committees.notice"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.UniqueConstraint(fields=("notice", "number"), name="noticefile_one_place_each"),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.UniqueConstraint(fields=("notice", "hash"), name="noticefile_added_once"),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1), ("number__lte", 5)), name="noticefiles_at_most_five"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.CheckConstraint(
                condition=models.Q(("title", ""), _negated=True), name="noticefile_has_a_title"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("format", "picture"), models.Q(("shows", ""), _negated=True)),
                    models.Q(("format", "pdf"), ("shows", ""), ("shows_en", "")),
                    _connector="OR",
                ),
                name="a_picture_is_told_in_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticefile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("shows_en", ""), ("title_en", "")),
                    models.Q(
                        models.Q(("title_en", ""), _negated=True),
                        models.Q(
                            ("format", "pdf"), models.Q(("shows_en", ""), _negated=True), _connector="OR"
                        ),
                    ),
                    _connector="OR",
                ),
                name="noticefile_in_english_is_whole",
            ),
        ),
    ]
