"""The first administrator, so that a fresh installation can be signed in to."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from integration import env

FILE_NAME = "first-sign-in.txt"


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """What `ensure_administrator` found or did. `password` is empty when we do not know it."""

    username: str
    password: str
    is_new: bool


def sign_in_file() -> Path:
    """Return where the first password is kept until it is changed."""
    path: Path = settings.VAR_DIR / FILE_NAME
    return path


def ensure_administrator() -> FirstAdministrator:
    """Make an administrator unless there is one; repeatable.

    The password is ADMIN_PASSWORD, or random and kept in the sign-in file (readable by its owner only). While nobody
    has changed a random password, ADMIN_PASSWORD replaces it; later it has no effect. The file goes when it is no
    longer true.
    """
    wanted = env.read_text("ADMIN_PASSWORD")
    with transaction.atomic():
        existing = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if existing is None:
            username = _free_username()
            password = wanted or secrets.token_urlsafe(12)
            User.objects.create_superuser(username, password=password)
            is_new = True
        else:
            username, password, is_new = existing.username, _unchanged_password(existing.username), False
            if wanted and password:
                user = User.objects.get(username=username)
                user.set_password(wanted)
                user.save(update_fields=["password"])
                password = ""
    if wanted or not password:
        sign_in_file().unlink(missing_ok=True)
    elif is_new:
        _keep(username, password)
    return FirstAdministrator(username, password, is_new)


def _free_username() -> str:
    taken = set(User.objects.filter(username__startswith="admin").values_list("username", flat=True))
    names = ["admin", *(f"admin{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _unchanged_password(username: str) -> str:
    """Return the password in the sign-in file while it still opens the account, else nothing."""
    try:
        lines = sign_in_file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    kept = dict(line.split(": ", 1) for line in lines if ": " in line)
    user = User.objects.filter(username=kept.get("name", ""), is_active=True).first()
    password = kept.get("password", "")
    return password if user and user.username == username and user.check_password(password) else ""


def _keep(username: str, password: str) -> None:
    path = sign_in_file()
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"name: {username}\npassword: {password}\n")
        file.write("Change the password after signing in; this file then disappears at the next start.\n")
