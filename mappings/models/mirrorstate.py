"""How far each mirror of a vendor's data has been read."""

from __future__ import annotations

from django.db import models


class MirrorState(models.Model):
    """One kind of objects we mirror: when it was read last, from where the next incremental read starts."""

    name = models.CharField(primary_key=True, max_length=40, help_text="Such as companies or devices.")
    cursor_at = models.DateTimeField(
        "read up to",
        null=True,
        blank=True,
        help_text="The latest change seen; the next incremental read starts a little before it.",
    )
    full_read_at = models.DateTimeField(
        "read completely", null=True, blank=True, help_text="When every page was last read."
    )
    large_change_allowed_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until then the guard lets one complete read mark any number of objects missing.",
    )

    class Meta:
        ordering = ["name"]
        verbose_name = "mirror"

    def __str__(self) -> str:
        return self.name.capitalize()
