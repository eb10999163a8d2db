"""Django admin over the school's SQLite database: `uvicorn tests.bench.peers.django_school:app`.

SCHOOL_DATABASE is the file. The package `django_school` is an application whose models `inspectdb` made of it, as
`python -m tests.bench.peers.django_school` prints them. Registered is what a practised developer writes in a few lines:
names of rows, searches, filters and inlines. Fields have the defaults of their columns, which inspectdb leaves out.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3

from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import path

from tests.bench.peers.django_settings import set_up

DATABASE, MODELS_APP = os.environ["SCHOOL_DATABASE"], "django_school"
LOGIN = "bench"  # and its password

set_up(
    __name__,
    {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE},
    "django.contrib.staticfiles",
    *([MODELS_APP] if __name__ != "__main__" else []),
    DEBUG=True,  # serves the admin's scripts
    STATIC_URL="static/",
    USE_TZ=True,
)

if __name__ == "__main__":
    call_command("inspectdb")
    raise SystemExit

# Django's models and admin can be imported only now.
from django.apps import apps  # noqa: E402
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402
from django.db import models  # noqa: E402
from django.utils import timezone  # noqa: E402

MODELS = {model._meta.db_table: model for model in apps.get_app_config(MODELS_APP).get_models()}


def _set_defaults(connection: sqlite3.Connection) -> None:
    """Give fields the defaults of their columns, and leave the times of changes to them."""
    for table, model in MODELS.items():
        defaults = {row[1]: row[4] for row in connection.execute(f'PRAGMA table_info("{table}")')}
        for field in model._meta.fields:
            default = defaults.get(field.column)
            if isinstance(field, models.DateTimeField) and field.column.endswith("_at") and not field.null:
                field.default, field.editable = timezone.now, False
            elif isinstance(field, models.DateField) and default:
                field.default = dt.date.today
            elif default and default.startswith("'"):
                field.default = default.strip("'")
            elif default and default.isdigit():
                field.default = int(default)


def _name_of(row: models.Model) -> str:
    """Return how a row is shown."""
    return next((str(getattr(row, name)) for name in ("full_name", "name") if hasattr(row, name)), f"#{row.pk}")


with sqlite3.connect(DATABASE) as connection:
    _set_defaults(connection)
for model in MODELS.values():
    model.__str__ = _name_of


class EnrollmentInline(admin.TabularInline):
    """The pupils of a class."""

    model = MODELS["enrollments"]
    autocomplete_fields = ("student",)


class AttendanceInline(admin.TabularInline):
    """The attendance of a class."""

    model = MODELS["attendance"]
    autocomplete_fields = ("student", "recorded_by")


@admin.register(MODELS["students"])
class StudentAdmin(admin.ModelAdmin):
    """Students."""

    list_display = ("full_name", "nisn", "status")
    search_fields = ("full_name", "nisn", "nis")
    list_filter = ("status", "gender")


@admin.register(MODELS["teachers"])
class TeacherAdmin(admin.ModelAdmin):
    """Teachers."""

    search_fields = ("full_name",)


@admin.register(MODELS["classes"])
class ClassAdmin(admin.ModelAdmin):
    """Classes."""

    search_fields = ("name",)
    inlines = (EnrollmentInline, AttendanceInline)


@admin.register(MODELS["fee_payments"])
class FeePaymentAdmin(admin.ModelAdmin):
    """Payments of fees."""

    list_display = ("invoice_number", "student", "amount_due", "amount_paid", "status")
    search_fields = ("invoice_number", "student__full_name")
    list_filter = ("status", "method")
    autocomplete_fields = ("student",)


for model in MODELS.values():
    # The admin refuses a table whose key has several columns.
    if not admin.site.is_registered(model) and not isinstance(model._meta.pk, models.CompositePrimaryKey):
        admin.site.register(model)

call_command("migrate", verbosity=0)
User.objects.create_superuser(LOGIN, password=LOGIN)
urlpatterns = [path("admin/", admin.site.urls), path("readyz", lambda _: HttpResponse())]
app = ASGIStaticFilesHandler(get_asgi_application())
