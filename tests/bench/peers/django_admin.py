"""Django admin's pages of `students`: `uvicorn tests.bench.peers.django_admin:app`, DATABASE_URL set.

The tables of Django's own applications and a user `bench` with the password `bench` are made at the start.
"""

import os
from urllib.parse import unquote, urlsplit

from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import path

from tests.bench.peers.django_settings import set_up

_server = urlsplit(os.environ["DATABASE_URL"])
set_up(
    __name__,
    {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _server.path.lstrip("/"),
        "USER": unquote(_server.username or ""),
        "PASSWORD": unquote(_server.password or ""),
        "HOST": _server.hostname,
        "PORT": _server.port,
        "OPTIONS": {"pool": True},
    },
)

# Django's models and admin can be imported only now.
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import models  # noqa: E402

STATUSES = ("prospective", "active", "on_leave", "transferred", "graduated", "dropped_out")


class Student(models.Model):
    """A student, whose table is there already."""

    full_name = models.TextField()
    nickname = models.TextField(null=True)
    nisn = models.TextField()
    nis = models.TextField()
    gender = models.TextField()
    phone = models.TextField(null=True)
    status = models.TextField(choices=[(status, status) for status in STATUSES])

    class Meta:
        """Where the table is."""

        app_label = "admin"
        db_table = "students"
        managed = False


@admin.register(Student)
class StudentAdmin(admin.ModelAdmin):
    """The list of students, 50 a page."""

    list_display = ("id", "full_name", "nisn", "nis", "gender", "phone", "status")
    search_fields = ("full_name", "nickname", "nisn", "nis", "phone")
    list_filter = ("status",)
    list_per_page = 50


call_command("migrate", verbosity=0)
User.objects.filter(username="bench").delete()
User.objects.create_superuser("bench", password="bench")
urlpatterns = [path("admin/", admin.site.urls), path("readyz", lambda _: HttpResponse())]
app = get_asgi_application()
