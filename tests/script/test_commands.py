"""Commands that serve the start and the upkeep of an installation."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from integration.accounts import ensure_administrator, sign_in_file
from integration.models import Connection

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def test_first_administrator_gets_a_random_password_in_a_private_file():
    admin = ensure_administrator()

    assert (admin.username, admin.is_new) == ("admin", True)
    assert User.objects.get().check_password(admin.password)
    assert f"password: {admin.password}\n" in sign_in_file().read_text()
    assert sign_in_file().stat().st_mode & 0o777 == 0o600


def test_repeating_changes_nothing_while_the_password_is_unchanged():
    first = ensure_administrator()

    again = ensure_administrator()

    assert (again.password, again.is_new) == (first.password, False)
    assert User.objects.count() == 1


def test_file_goes_once_the_password_was_changed():
    ensure_administrator()
    user = User.objects.get()
    user.set_password("something of my own")
    user.save()

    assert ensure_administrator().password == ""
    assert not sign_in_file().exists()


def test_given_password_is_used_and_not_kept(monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", "chosen by the owner")

    ensure_administrator()

    assert User.objects.get().check_password("chosen by the owner")
    assert not sign_in_file().exists()


def test_given_password_replaces_a_random_one_but_not_a_persons(monkeypatch):
    ensure_administrator()
    monkeypatch.setenv("ADMIN_PASSWORD", "chosen by the owner")
    ensure_administrator()
    assert User.objects.get().check_password("chosen by the owner")

    monkeypatch.setenv("ADMIN_PASSWORD", "another one")
    ensure_administrator()
    assert User.objects.get().check_password("chosen by the owner")


def test_name_taken_by_an_ordinary_person_is_left_alone():
    User.objects.create_user("admin", password="mine")

    assert ensure_administrator().username == "admin2"
    assert not User.objects.get(username="admin").is_superuser


def test_command_never_prints_the_password():
    output = StringIO()
    call_command("ensure_admin", "--json", stdout=output)

    answer = json.loads(output.getvalue())
    assert answer == {"username": "admin", "created": True, "file": str(sign_in_file())}


def _stored(column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM integration_connection")  # noqa: S608 - a name of ours
        return str(cursor.fetchone()[0])


def _rotate() -> Any:
    output = StringIO()
    call_command("rotate_keys", "--json", stdout=output)
    return json.loads(output.getvalue())


def test_rotation_makes_the_old_key_unnecessary_and_keeps_the_rest(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    row = Connection.objects.create(datto_api_key="key", autotask_secret="secret")

    settings.ENCRYPTION_KEYS = [new, old]
    first = _rotate()
    second = _rotate()
    settings.ENCRYPTION_KEYS = [new]

    after = Connection.objects.get()
    assert (after.datto_api_key, after.autotask_secret) == ("key", "secret")
    assert after.callout_secret == row.callout_secret
    assert after.updated_at == row.updated_at
    assert _stored("datto_api_secret") == ""
    assert (first["rotated"], first["current"]) == (5, 0)
    assert (second["rotated"], second["current"]) == (0, 5)


def test_rotation_without_the_right_key_names_what_it_cannot_read(settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    Connection.objects.create(datto_api_key="key")
    before = _stored("datto_api_key")
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(CommandError, match=r"none of the keys can read .*Connection 1, datto_api_key"):
        _rotate()

    assert _stored("datto_api_key") == before
    with pytest.raises(ImproperlyConfigured):
        Connection.objects.get()


def test_prepare_reports_what_is_stored_without_reading_a_secret(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "static"
    report = tmp_path / "report.json"
    call_command("prepare", "--report", str(report), stdout=StringIO())
    assert json.loads(report.read_text()) == {"connection": "none", "urls": []}

    Connection.objects.create(
        datto_api_url="http://127.0.0.1:1/d",
        autotask_zone_url="http://127.0.0.1:1/a",
        autotask_username="u",
        is_demo=True,
    )
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    call_command("prepare", "--report", str(report), stdout=StringIO())
    assert json.loads(report.read_text()) == {
        "connection": "demo",
        "urls": ["http://127.0.0.1:1/d", "http://127.0.0.1:1/a"],
    }
