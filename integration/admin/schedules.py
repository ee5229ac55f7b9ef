"""Sync > Schedules: the scheduler's own models in the theme's dress."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django_celery_beat.admin import ClockedScheduleAdmin as BeatClockedScheduleAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabScheduleAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatPeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integration.admin.base import display
from integration.templatetags.bridge import ago

for _model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(_model)


class _TaskWidget(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]  # neither ships types
    """The list of known tasks, in the theme's dress."""


class _PeriodicTaskForm(PeriodicTaskForm):  # type: ignore[misc]  # as above
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
        if "regtask" in self.fields:
            self.fields["regtask"].widget = _TaskWidget()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BeatPeriodicTaskAdmin, ModelAdmin):  # type: ignore[misc]  # as above
    """Recurring work. Its form leaves out the package's inline script, which our policy blocks."""

    form = _PeriodicTaskForm
    change_form_template = None
    date_hierarchy = None
    list_display = ("name", "show_every", "enabled", "show_last", "description")
    list_filter = ("enabled", "queue")
    readonly_fields = ("last_run_at",)
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "enabled", "description")}),
        (
            "Schedule",
            {"fields": ("interval", "crontab", "solar", "clocked", "start_time", "last_run_at", "one_off")},
        ),
        (
            "Work",
            {
                "fields": ("regtask", "task", "args", "kwargs", "queue", "expire_seconds"),
                "classes": ("collapse",),
            },
        ),
    )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave the package's actions to those who may change schedules: it asks for no permission itself."""
        actions: dict[str, Any] = super().get_actions(request)
        if self.has_change_permission(request):
            return actions
        return {name: action for name, action in actions.items() if name == "delete_selected"}

    @display(description="Schedule")
    def show_every(self, task: PeriodicTask) -> str:
        """Show the schedule in words."""
        return str(task.scheduler)

    @display(description="Last sent", ordering="last_run_at")
    def show_last(self, task: PeriodicTask) -> SafeString | str:
        """Show when it was last sent."""
        return ago(task.last_run_at)


class _ScheduleAdmin(ModelAdmin):  # type: ignore[misc]  # as above
    """A schedule that tasks refer to."""


admin.site.register(IntervalSchedule, _ScheduleAdmin)
admin.site.register(SolarSchedule, _ScheduleAdmin)


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(BeatCrontabScheduleAdmin, ModelAdmin):  # type: ignore[misc]  # as above
    """A clock time."""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(BeatClockedScheduleAdmin, ModelAdmin):  # type: ignore[misc]  # as above
    """One moment."""
