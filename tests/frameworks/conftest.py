"""A database for the Django tests, made once for the process."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connections

import tests.django_app  # noqa: F401 - sets Django up


@pytest.fixture(scope="session")
def tables() -> None:
    """Tables of Django's own apps."""
    call_command("migrate", verbosity=0)


@pytest.fixture
def database(tables: None) -> Iterator[None]:
    """An empty database."""
    from django.contrib.auth.models import Group, User
    from django.contrib.sessions.models import Session

    yield
    for model in (User, Group, Session):
        model.objects.all().delete()
    connections.close_all()
