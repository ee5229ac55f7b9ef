"""The set-up, step by step: what is done, what comes next, and where."""

from __future__ import annotations

from django.urls import reverse

from integration.connections import FIELDS, get_connection, missing_fields
from integration.models import PreflightCheck, SyncRun
from integration.registries import SetupStep, read_setup_steps


def list_steps() -> list[SetupStep]:
    """Return our steps and those of the apps, in order; few and cheap queries."""
    connection = get_connection()
    missing = set(missing_fields(connection))
    checks = list(PreflightCheck.objects.values_list("status", flat=True))
    failed = checks.count(PreflightCheck.Status.FAIL)
    finished = set(
        SyncRun.objects.filter(
            kind__in=["reference", "sites"],
            status__in=[SyncRun.Status.SUCCEEDED, SyncRun.Status.PARTIAL],
            dry_run=False,
        ).values_list("kind", flat=True)
    )
    connect_url, preflight_url, run_url = reverse("connection"), reverse("preflight"), reverse("run-now")
    steps = [
        _credentials(1, "Connect Datto RMM", "datto", missing, connect_url),
        _credentials(2, "Connect Autotask", "autotask", missing, connect_url),
        SetupStep(
            "Run preflight",
            _checks_in_words(checks, failed),
            bool(checks) and not failed,
            preflight_url,
            3,
        ),
        SetupStep(
            "Switch the integration on",
            "It is on." if connection.is_enabled else "Off: nothing is read or written yet.",
            connection.is_enabled,
            connect_url,
            4,
        ),
        SetupStep(
            "Read organizations and sites",
            "Both have been read." if len(finished) == 2 else "Start the two syncs; they only read.",  # noqa: PLR2004 - the two kinds asked for
            len(finished) == 2,  # noqa: PLR2004 - as above
            run_url,
            5,
        ),
        SetupStep(
            "Let both products tell us at once",
            "Paste the webhook into Datto RMM, and install the one of Autotask. Without them everything is polled."
            if connection.autotask_webhook_id is None
            else "The Autotask webhook is registered. Paste the other one into Datto RMM.",
            connection.autotask_webhook_id is not None and not connection.autotask_webhook_problem,
            reverse("inbound-addresses"),
            7,
        ),
    ]
    return sorted([*steps, *read_setup_steps()], key=lambda step: step.position)


def _credentials(position: int, title: str, prefix: str, missing: set[str], url: str) -> SetupStep:
    names = [FIELDS[name][1] for name in FIELDS if name.startswith(prefix) and name in missing]
    detail = f"Still to enter: {', '.join(names)}." if names else "Credentials are stored, encrypted."
    return SetupStep(title, detail, not names, url, position)


def _checks_in_words(checks: list[str], failed: int) -> str:
    if not checks:
        return "Not run yet. It only reads."
    warned = checks.count(PreflightCheck.Status.WARN)
    if failed:
        return f"{failed} of {len(checks)} checks failed."
    return (
        f"All {len(checks)} checks passed."
        if not warned
        else f"Nothing failed, {warned} of {len(checks)} checks have a warning."
    )
