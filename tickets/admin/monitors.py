"""The catalogue of monitors: what each is called, how much it fires, and what becomes of its alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from mappings.domain.devices.patterns import BadPattern
from tickets.admin.display import column, show_moment, show_two_lines
from tickets.admin.monitor_forms import MergeForm, MonitorForm
from tickets.admin.sparkline import sparkline
from tickets.models import Alert, Monitor, Ticket, TicketRule
from tickets.selectors.groups import find_url
from tickets.selectors.monitors import DAYS, list_last_alerts, list_sites, read_activity
from tickets.services.monitor_catalogue import count_fitting, mark_seen
from tickets.services.monitors import rekey_alerts
from tickets.services.silences import active_silences, describe_scope

if TYPE_CHECKING:
    # The theme ships no types; Django's say the same.
    Dropdown = admin.SimpleListFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter as Dropdown

_NAMED = 20


class InboxFilter(Dropdown):
    """What is new, and what has no name yet."""

    title = "inbox"
    parameter_name = "inbox"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("new", "New: nobody has looked at it"), ("unnamed", "Without a name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Monitor]) -> QuerySet[Monitor]:
        """Narrow the list."""
        if self.value() == "new":
            return queryset.filter(is_new=True)
        return queryset.filter(name="") if self.value() == "unnamed" else queryset


@admin.register(Monitor)
class MonitorAdmin(ModelAdmin):  # type: ignore[misc]  # the theme ships no types
    """Every monitor that has ever raised an alert."""

    form = MonitorForm
    empty_text = (
        "No monitor has raised an alert yet. Each appears here with its first alert, recognised by what stays the same "
        "whenever it fires, and can be named."
    )
    list_display = ["what", "name", "fires_a_day", "clears", "made", "last_seen", "sources"]
    list_display_links = ["what"]
    list_editable = ["name"]
    list_filter = [InboxFilter, ("monitor_type", RelatedDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["monitor_type"]
    list_fullwidth = True
    list_per_page = 50
    list_before_template = "tickets/monitor_bar.html"
    show_full_result_count = False
    search_fields = ["name", "label", "typed_key"]
    search_help_text = "Name, what it was recognised by, or key in the webhook's body."
    actions = ["seen_now"]
    change_form_outer_before_template = "tickets/monitor_before.html"
    change_form_outer_after_template = "tickets/monitor_after.html"

    class Media:
        css = {"all": ["tickets/pages.css"]}
        js = ["tickets/pages.js", "tickets/settings.js", "tickets/effect.js", "tickets/monitor.js"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Monitors come with their first alert."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Monitor | None = None) -> bool:
        """Two entries for one monitor are merged, not deleted: their alerts stay."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Monitor]:
        """Return monitors with their tickets and rules counted."""
        monitors: QuerySet[Monitor] = super().get_queryset(request)
        since = timezone.now() - timedelta(days=DAYS)

        def count(rows: QuerySet[Any]) -> Coalesce:
            counted = rows.order_by().values("monitor").annotate(n=Count("pk")).values("n")
            return Coalesce(Subquery(counted), 0)

        return monitors.annotate(
            ticket_count=count(Ticket.objects.filter(monitor=OuterRef("pk"), created_at__gte=since)),
            rule_count=count(TicketRule.objects.filter(monitor=OuterRef("pk"), is_active=True)),
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list with what each monitor of its page did."""
        changelist = super().get_changelist_instance(request)
        activity = read_activity([one.pk for one in changelist.result_list], timezone.now())
        for monitor in changelist.result_list:
            monitor.activity = activity[monitor.pk]
        return changelist

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the form of one line: its name alone."""
        kwargs.setdefault("widgets", {})["name"] = UnfoldAdminTextInputWidget(
            attrs={"placeholder": "unnamed", "aria-label": "Name", "class": "bridge-name"}
        )
        return super().get_changelist_form(request, **kwargs)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the inbox with its counts above the list."""
        chosen = request.GET.get("inbox", "")
        counts = Monitor.objects.aggregate(
            all=Count("pk"),
            new=Count("pk", filter=Q(is_new=True)),
            unnamed=Count("pk", filter=Q(name="")),
        )
        tabs = [
            {"title": title, "url": f"?inbox={value}" if value else "?", "count": counts[key], "is_active": chosen == value}
            for title, value, key in (("All", "", "all"), ("New", "new", "new"), ("Without a name", "unnamed", "unnamed"))
        ]  # fmt: skip
        return super().changelist_view(request, {"monitor_tabs": tabs, **(extra_context or {})})  # type: ignore[no-any-return]  # the theme ships no types

    def save_model(self, request: HttpRequest, obj: Monitor, form: Any, change: bool) -> None:  # noqa: FBT001 - the admin's own signature
        """Store it; who names or describes a monitor has looked at it."""
        if obj.is_new and form.has_changed():
            obj.is_new = False
            obj.seen_by = request.user if isinstance(request.user, User) else None
        super().save_model(request, obj, form, change)
        if {"pattern", "typed_key"} & set(form.changed_data):
            rekey_alerts(Alert.objects.filter(monitor_type=obj.monitor_type))
        if "pattern" in form.changed_data and obj.pattern:
            try:
                fitting, tried = count_fitting(obj.pattern, obj.monitor_type)
            except BadPattern:  # checked by the form
                return
            messages.info(
                request,
                f"The pattern fits {fitting} of the newest {tried} alerts of type {obj.monitor_type}. Those that are "
                "open, and alerts from now on, are recognised by it; what is over stays as it is.",
            )

    @admin.action(description="Looked at: no longer new", permissions=["change"])
    def seen_now(self, request: HttpRequest, chosen: QuerySet[Monitor]) -> None:
        """Take the chosen monitors out of the inbox."""
        if not isinstance(request.user, User):
            raise PermissionDenied
        count = mark_seen(chosen.values_list("pk", flat=True), request.user)
        self.message_user(request, f"{count} no longer new." if count else "None of them was new.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what it did, what applies to it, and what can be done."""
        monitor: Monitor | None = kwargs.get("obj")
        if monitor is not None:
            form = MergeForm()
            context.update(
                self._story(monitor, request.GET.get("alert", "")),
                merge_form=form,
                media=context["media"] + form.media,
                can_change=self.has_change_permission(request),
                may_silence=request.user.has_perm("tickets.add_silence"),
            )
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[no-any-return]  # as above

    def _story(self, monitor: Monitor, alert_id: str) -> dict[str, Any]:
        now = timezone.now()
        activity = read_activity([monitor.pk], now)[monitor.pk]
        silences = active_silences(now).filter(monitor=monitor)
        return {
            "monitor": monitor,
            "activity": activity,
            "sparkline": sparkline(activity, is_large=True),
            "alerts": list_last_alerts(monitor),
            "alerts_url": find_url("admin:tickets_alert_changelist", monitor__id__exact=str(monitor.pk)),
            "sites": list_sites(monitor),
            "chosen_alert": alert_id,
            "settings_url": find_url("monitor-settings", monitor.pk),
            "fingerprints": list(monitor.fingerprints.all()[:_NAMED]),
            "rules": [
                (rule, find_url("admin:tickets_ticketrule_change", rule.pk))
                for rule in monitor.rules.only("pk", "name", "is_active", "reason")[:_NAMED]
            ],
            "silences": [
                (describe_scope(one), one)
                for one in silences.select_related("device", "site", "company", "monitor")[:_NAMED]
            ],
            "silence_url": find_url("admin:tickets_silence_add", monitor=str(monitor.pk)),
        }

    @column(description="Monitor", ordering="label")
    def what(self, monitor: Monitor) -> str:
        """What it was recognised by; below, its type."""
        label = monitor.label or str(monitor)
        if not monitor.is_new:
            return show_two_lines(label, str(monitor.monitor_type))
        return format_html(
            '<span class="bridge-two"><span class="bridge-clip" title="{}">{}</span>'
            '<span class="bridge-clip bridge-below">{} <strong class="bridge-new">new</strong></span></span>',
            label,
            label,
            str(monitor.monitor_type),
        )

    @column(description="Fires a day", ordering="fires")
    def fires_a_day(self, monitor: Any) -> str:
        """Alerts of the last 30 days as bars, and how many a day."""
        return format_html(
            '<span class="bridge-fires">{} <span>{}</span></span>',
            sparkline(monitor.activity),
            _rate(monitor.activity.per_day),
        )

    @column(description="Clears")
    def clears(self, monitor: Any) -> str:
        """The share that cleared by itself in the last 30 days."""
        percent = monitor.activity.cleared_percent
        return "-" if percent is None else f"{percent} %"

    @column(description="Tickets", ordering="ticket_count")
    def made(self, monitor: Any) -> str:
        """Tickets made for its alerts."""
        return f"{monitor.ticket_count:,}"

    @column(description="Last seen", ordering="last_seen_at")
    def last_seen(self, monitor: Monitor) -> str:
        """When it fired last."""
        return show_moment(monitor.last_seen_at)

    @column(description="Rules", ordering="rule_count")
    def sources(self, monitor: Any) -> str:
        """Whether rules name it."""
        if not monitor.rule_count:
            return "-"
        return f"{monitor.rule_count:,} of its own"


def _rate(per_day: float) -> str:
    if per_day == 0:
        return "none in 30 days"
    if per_day < 0.1:  # noqa: PLR2004 - below, a number would read as none
        return "< 0.1"
    return f"{per_day:,.1f}"
