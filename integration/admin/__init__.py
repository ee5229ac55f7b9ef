"""Lists and forms of the project itself, in the theme's dress."""

from django.contrib import admin

from integration.admin import calls, history, people, schedules, sync, sync_entries

__all__ = ["calls", "history", "people", "schedules", "sync", "sync_entries"]

admin.site.index_title = "Home"
