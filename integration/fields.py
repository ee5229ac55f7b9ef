"""A text column whose content is encrypted at rest."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic only in the stubs
    """Text encrypted with the first of ENCRYPTION_KEYS; every listed key can read it.

    Rotate: put the new key first, run `manage.py rotate_keys`, drop the old key. Filtering by value is
    impossible by design. Keep such fields out of lists, exports and history.

    Raises:
        ImproperlyConfigured: on reading, when no listed key fits; never returns ciphertext as if it were text.
    """

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt before saving; blank stays blank."""
        value = super().get_prep_value(value)
        return value if value in {None, ""} else _cipher().encrypt(str(value).encode()).decode()

    def from_db_value(self, value: Any, *_: Any) -> Any:
        """Decrypt after loading."""
        if value in {None, ""}:
            return value
        try:
            return _cipher().decrypt(str(value).encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                f"ENCRYPTION_KEYS: none of the keys can read {self.model.__name__}.{self.name}. "
                "Add the key that was in use when it was saved, or enter the value again with `manage.py connect`."
            ) from error
