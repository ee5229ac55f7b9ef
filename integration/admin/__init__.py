"""Lists and forms of the project itself, in the theme's dress."""

from django.contrib import admin

from integration.admin import calls, history, people, schedules, sync

__all__ = ["calls", "history", "people", "schedules", "sync"]

admin.site.index_title = "Home"
