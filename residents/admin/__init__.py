"""The register on the desk."""

from django.contrib import admin
from django.contrib.auth import admin as _registers_group  # noqa: F401
from django.contrib.auth.models import Group

from residents.admin import accounts, alarms, holds, living, notices, people, places, records, standing_by

__all__ = ["accounts", "alarms", "holds", "living", "notices", "people", "places", "records", "standing_by"]

admin.site.unregister(Group)  # rights come from terms, never from a group
