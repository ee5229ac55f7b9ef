"""`manage.py rotate_keys`: encrypt every stored secret with the newest key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Model, TextField, Value
from django.db.models.functions import Cast

from integration.fields import EncryptedTextField


class Command(BaseCommand):
    """Re-encrypts what older keys encrypted; repeatable, and safe beside a running installation."""

    help = "Encrypt every stored secret with the first of ENCRYPTION_KEYS; afterwards the older keys can be dropped."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help='answer {"rotated", "current", "unreadable"}')

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it.

        Raises:
            CommandError: a value is readable with none of the keys; all others are done.
        """
        newest = Fernet(settings.ENCRYPTION_KEYS[0])
        every = MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
        rotated = current = 0
        unreadable: list[str] = []
        for model, name in _encrypted_fields():
            # The cast yields what is stored; the field itself would decrypt it.
            stored = model._default_manager.annotate(stored_text=Cast(name, TextField()))  # noqa: SLF001 - Django's name
            for key, text in stored.exclude(stored_text="").values_list("pk", "stored_text"):
                if text is None:
                    continue
                if _opens(newest, text):
                    current += 1
                    continue
                try:
                    fresh = every.rotate(text.encode()).decode()
                except InvalidToken:
                    unreadable.append(f"{model.__name__} {key}, {name}")
                    continue
                # Only if nobody saved it meanwhile; whoever did used the newest key.
                stored.filter(pk=key, stored_text=text).update(
                    **{name: Value(fresh, output_field=TextField())}
                )
                rotated += 1
        if options["json"]:
            self.stdout.write(json.dumps({"rotated": rotated, "current": current, "unreadable": unreadable}))
        else:
            self.stdout.write(f"Encrypted {rotated} values with the newest key; {current} had it already.")
        if unreadable:
            raise CommandError(
                f"ENCRYPTION_KEYS: none of the keys can read {'; '.join(unreadable)}. Add the key that was in use when "
                "they were saved, or enter the values again with `manage.py connect`."
            )


def _encrypted_fields() -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():  # noqa: SLF001 - Django's documented model API
            if isinstance(field, EncryptedTextField):
                yield model, field.name


def _opens(cipher: Fernet, text: str) -> bool:
    try:
        cipher.decrypt(text.encode())
    except InvalidToken:
        return False
    return True
