"""Print what each site is mapped to or proposed for, and accept the safe proposals."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mappings.models import SiteMapping
from mappings.selectors import count_mappings_by_state
from mappings.services.decisions import accept_exact, accept_native


class Command(BaseCommand):
    """`manage.py map_sites`."""

    help = "Print the proposals for sites without a decision; accept those that are safe. Reads no vendor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the switches."""
        parser.add_argument(
            "--accept-native", action="store_true", help="confirm every site linked in Datto RMM itself"
        )
        parser.add_argument(
            "--accept-exact",
            action="store_true",
            help="confirm every site whose name is the name of exactly one organization",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Accept what was asked for, then print where every site stands."""
        native = accept_native() if options["accept_native"] else None
        exact = accept_exact() if options["accept_exact"] else None
        accepted = {"native": native.changed if native else 0, "exact": exact.changed if exact else 0}
        counts = count_mappings_by_state()
        mappings = [_row(one) for one in SiteMapping.objects.select_related("site", "company").iterator()]
        if options["json"]:
            answer = {"sites": len(mappings), "counts": counts, "accepted": accepted, "mappings": mappings}
            self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False))
            return
        self._print(mappings, counts, accepted)

    def _print(
        self, mappings: list[dict[str, Any]], counts: dict[str, int], accepted: dict[str, int]
    ) -> None:
        if not mappings:
            self.stdout.write(
                "No sites are known yet. Run: python manage.py sync reference, then sync sites."
            )
            return
        for state in SiteMapping.State:
            rows = [row for row in mappings if row["state"] == state]
            if not rows:
                continue
            self.stdout.write(f"{state.label} ({len(rows)})")
            for row in rows:
                company = row["company"] or "-"
                self.stdout.write(f"  {row['site']} -> {company}  [{row['score']}] {row['reason']}")
        self.stdout.write(
            f"Accepted now: {accepted['native']} linked in Datto RMM, {accepted['exact']} same name."
        )
        waiting = sum(counts[state] for state in ("unmapped", "proposed", "conflict"))
        if waiting:
            self.stdout.write(f"{waiting} wait for a decision: /admin/mappings/sitemapping/?state=to_decide")


def _row(mapping: SiteMapping) -> dict[str, Any]:
    company = mapping.company
    return {
        "datto_site_uid": mapping.site.datto_site_uid,
        "site": mapping.site.name,
        "state": str(mapping.state),
        "autotask_company_id": company.autotask_company_id if company else None,
        "company": company.name if company else None,
        "score": mapping.score,
        "reason": mapping.reason,
    }
