"""What can be done to several alerts at once, from their list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from tickets.admin.display import ReadOnlyAdmin
from tickets.models import Alert
from tickets.services.audit import log_done
from tickets.services.close import request_resolve
from tickets.services.quick_silence import SCOPES, silence_from_alerts
from tickets.services.release import make_now
from tickets.services.retry import retry_alert
from tickets.services.silences import PRESETS
from tickets.tasks import enqueue_actions

_NAMED = 20


class AlertDeeds(ReadOnlyAdmin):
    """The actions of the list of alerts."""

    actions = ["retry_now", "make_ticket_now", "silence_chosen", "resolve_chosen"]

    def has_silence_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may silence what alerts are about."""
        return request.user.has_perm("tickets.add_silence")

    @admin.action(description="Retry now", permissions=["change"])
    def retry_now(self, request: HttpRequest, chosen: QuerySet[Alert]) -> None:
        """Try the chosen alerts again."""
        alerts = self._each(request, chosen, retry_alert, "Tried again.")
        waiting = Alert.objects.filter(pk__in=[one.pk for one in alerts], state=Alert.State.BLOCKED).count()
        text = f"Tried {_count(alerts)} again."
        if waiting:
            self.message_user(request, f"{text} {waiting} still wait; each says why.", messages.WARNING)
        else:
            self.message_user(request, text, messages.SUCCESS)

    @admin.action(description="Make the ticket now (held and silenced ones)", permissions=["change"])
    def make_ticket_now(self, request: HttpRequest, chosen: QuerySet[Alert]) -> None:
        """Let the chosen alerts wait no longer."""
        user = _person(request)
        due: list[int] = []
        made, left = [], 0
        for alert in _load(chosen):
            done = make_now(alert, user)
            if done.refusal:
                left += 1
                continue
            made.append(alert)
            due += done.due
            log_done(user, alert, f"Asked for its ticket now. {done.words}")
        enqueue_actions(due)
        rest = f" {left} neither held nor silenced; nothing was done to them." if left else ""
        if left == 1:
            rest = " 1 is neither held nor silenced; nothing was done to it."
        self.message_user(
            request,
            f"{_count(made)} no longer {'waits' if len(made) == 1 else 'wait'}.{rest}",
            messages.SUCCESS if made else messages.WARNING,
        )

    @admin.action(description="Resolve in Datto RMM", permissions=["change"])
    def resolve_chosen(self, request: HttpRequest, chosen: QuerySet[Alert]) -> None:
        """Resolve the chosen alerts in Datto RMM."""
        alerts = self._each(
            request,
            chosen.filter(is_resolved=False),
            request_resolve,
            "Asked Datto RMM to resolve it.",
        )
        if not alerts:
            self.message_user(request, "All of them are resolved already.", messages.INFO)
            return
        self.message_user(
            request,
            f"Asked Datto RMM to resolve {_count(alerts)}. Each alert's story shows when that is done.",
            messages.SUCCESS,
        )

    @admin.action(description="Silence ...", permissions=["silence"])
    def silence_chosen(self, request: HttpRequest, chosen: QuerySet[Alert]) -> HttpResponse | None:
        """Ask what is to be silent and for how long, then silence it."""
        user = _person(request)
        alerts = _load(chosen)
        given = {name: request.POST.get(name, "").strip() for name in ("scope", "ends", "reason")}
        problem = _find_problem(given) if "apply" in request.POST else ""
        if "apply" in request.POST and not problem:
            done = silence_from_alerts(
                alerts, scope=given["scope"], preset=given["ends"], reason=given["reason"], user=user
            )
            enqueue_actions([one for silenced in done for one in silenced.due])
            for text in dict.fromkeys(one.refusal for one in done if one.refusal):
                self.message_user(request, text, messages.WARNING)
            for text in dict.fromkeys(warning for one in done for warning in one.warnings):
                self.message_user(request, text, messages.WARNING)
            made = [one for one in done if one.silence is not None]
            if made:
                words = made[0].words if len(made) == 1 else f"Made {len(made)} silences."
                self.message_user(
                    request, f"{words} Alerts & tickets > Silences shows what they hide.", messages.SUCCESS
                )
            return None
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"Silence what {_count(alerts)} {'is' if len(alerts) == 1 else 'are'} about",
            "opts": self.opts,
            "media": self.media,
            "alerts": alerts,
            "named": alerts[:_NAMED],
            "more": max(len(alerts) - _NAMED, 0),
            "scopes": list(SCOPES.items()),
            "presets": list(PRESETS.items()),
            "given": given,
            "problem": problem,
        }
        return TemplateResponse(request, "tickets/silence_several.html", context)

    def _each(
        self,
        request: HttpRequest,
        chosen: QuerySet[Alert],
        do: Callable[[Alert, User], list[int]],
        words: str,
    ) -> list[Alert]:
        user = _person(request)
        due: list[int] = []
        alerts = _load(chosen)
        for alert in alerts:
            due += do(alert, user)
            log_done(user, alert, words)
        enqueue_actions(due)
        return alerts


def _find_problem(given: dict[str, str]) -> str:
    if given["scope"] not in SCOPES:
        return "what: choose what is to be silent."
    if given["ends"] not in PRESETS:
        return "how long: choose one of the list."
    return "" if given["reason"] else "because: say why; it is shown with every alert it hides."


def _load(chosen: QuerySet[Alert]) -> list[Alert]:
    rows = Alert.objects.select_related("ticket", "monitor", "monitor_type")
    return list(rows.filter(pk__in=list(chosen.values_list("pk", flat=True))).order_by("id"))


def _count(alerts: list[Alert]) -> str:
    return "1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts"


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
