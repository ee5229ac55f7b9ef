"""Mappings as a CSV file: export, check, apply. Rows that are not in the file stay as they are."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import transaction

from mappings.models import Company, SiteMapping
from mappings.services.decisions import DecisionOutcome, MappingRefused, choose_company, ignore, reset

COLUMNS = ("datto_site_uid", "site_name", "autotask_company_id", "company_name", "state")
#: Columns an import needs; the names are for people.
NEEDED = ("datto_site_uid", "autotask_company_id", "state")
_IMPORTABLE = ("confirmed", "ignored", "unmapped")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class BadFile(ValueError):  # noqa: N818 - a person's file, not a fault; the text names the cure
    """The file cannot be read as a whole; the text names what is wrong and the cure."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that cannot be applied. Line 1 is the header."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row that changes a mapping."""

    line: int
    mapping: SiteMapping
    state: str
    company: Company | None
    before: str
    after: str


@dataclass(slots=True)
class ImportPlan:
    """What applying a file would do."""

    changes: list[PlannedRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    unchanged: int = 0


@dataclass(slots=True)
class ImportOutcome:
    """What an import did; `batch` is what `undo` takes."""

    changed: int = 0
    errors: list[RowError] = field(default_factory=list)
    batch: uuid.UUID = field(default_factory=uuid.uuid4)


def export_rows(mappings: Iterable[SiteMapping]) -> Iterator[list[str]]:
    """Yield header and rows; the mappings must come with site and company."""
    yield list(COLUMNS)
    for mapping in mappings:
        company = mapping.company
        yield [
            mapping.site.datto_site_uid,
            _harmless(mapping.site.name),
            str(company.autotask_company_id) if company else "",
            _harmless(company.name) if company else "",
            str(mapping.state),
        ]


def decode_file(content: bytes) -> str:
    """Return an uploaded file as text.

    Raises:
        BadFile: neither UTF-8 nor UTF-16 text.
    """
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadFile("The file is not UTF-8 text. Save it as 'CSV UTF-8' and upload it again.") from error


def plan_import(text: str) -> ImportPlan:
    """Return what a file would change, without writing. Four queries, whatever the number of rows.

    Raises:
        BadFile: no header, a missing column, or not CSV.
    """
    plan = ImportPlan()
    try:
        rows = list(_read_rows(text))
    except csv.Error as error:
        raise BadFile(f"The file is not CSV: {error}. Export the mappings and edit that file.") from error
    mappings = {
        one.site.datto_site_uid: one for one in SiteMapping.objects.select_related("site", "company").all()
    }
    companies = {one.autotask_company_id: one for one in Company.objects.all()}
    seen: dict[str, int] = {}
    for line, row in rows:
        first = seen.setdefault(row["datto_site_uid"], line)
        try:
            change = _plan_row(line, first, row, mappings, companies)
        except BadFile as error:
            plan.errors.append(RowError(line, str(error)))
            continue
        if change is None:
            plan.unchanged += 1
        else:
            plan.changes.append(change)
    return plan


def apply_import(text: str, user: User | None) -> ImportOutcome:
    """Check the file again and apply every good row, all or nothing; bad rows are returned.

    Raises:
        BadFile: as `plan_import`.
    """
    plan = plan_import(text)
    outcome = ImportOutcome(errors=plan.errors)
    with transaction.atomic():
        for change in plan.changes:
            try:
                outcome.changed += _apply_row(change, user, outcome.batch).changed
            except MappingRefused as refusal:
                outcome.errors.append(RowError(change.line, str(refusal)))
    return outcome


def _apply_row(change: PlannedRow, user: User | None, batch: uuid.UUID) -> DecisionOutcome:
    if change.company is not None:
        return choose_company(
            change.mapping, change.company, user, source=SiteMapping.Source.CSV, batch=batch
        )
    decide = ignore if change.state == SiteMapping.State.IGNORED else reset
    return decide([change.mapping.pk], user, batch=batch)


def _read_rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise BadFile("The file is empty. Export the mappings, edit that file and upload it.")
    delimiter = ";" if lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip().lower() for name in next(reader)]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise BadFile(
            f"The column {', '.join(missing)} is missing. The first line must be: {','.join(COLUMNS)}. "
            "Export the mappings to get a file in this form."
        )
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * (len(header) - len(cells))]
            yield reader.line_num, {name: padded[place].strip() for place, name in enumerate(header)}


def _plan_row(
    line: int,
    first: int,
    row: dict[str, str],
    mappings: dict[str, SiteMapping],
    companies: dict[int, Company],
) -> PlannedRow | None:
    if first != line:
        raise BadFile(
            f"datto_site_uid: {row['datto_site_uid']} stands on line {first} already. Keep one of the two."
        )
    mapping = mappings.get(row["datto_site_uid"])
    if mapping is None:
        raise BadFile(
            f"datto_site_uid: no site has the uid {row['datto_site_uid']!r}. Run a sync of the sites if it is new."
        )
    state, company_text = row["state"].lower(), row["autotask_company_id"]
    company: Company | None = None
    if company_text:
        if not (company_text.isascii() and company_text.isdigit()):
            raise BadFile(f"autotask_company_id: {company_text!r} is not a number.")
        company = companies.get(int(company_text))
        if company is None:
            raise BadFile(
                f"autotask_company_id: no organization has the id {company_text}. "
                "Run a sync of the organizations if it is new."
            )
    if state == mapping.state and (company.pk if company else None) == mapping.company_id:
        return None
    if state not in _IMPORTABLE:
        raise BadFile(
            f"state: {row['state']!r} cannot be imported. Use {', '.join(_IMPORTABLE)}, or leave the row out."
        )
    if state == "confirmed":
        _check_confirmed(mapping, company)
    elif state == "unmapped" and mapping.decided_at is None:
        return None
    chosen = company if state == "confirmed" else None
    after = f"{SiteMapping.State(state).label}: {chosen.name}" if chosen else SiteMapping.State(state).label
    before = mapping.get_state_display() + (f": {mapping.company.name}" if mapping.company else "")
    return PlannedRow(line, mapping, state, chosen, before, str(after))


def _check_confirmed(mapping: SiteMapping, company: Company | None) -> None:
    if company is None:
        raise BadFile("autotask_company_id: a confirmed row needs the organization's id.")
    if mapping.site.is_system:
        raise BadFile(
            f"datto_site_uid: {mapping.site.name} was made by Datto RMM itself and cannot belong to an organization."
        )
    if company.is_missing or not company.is_active:
        raise BadFile(
            f"autotask_company_id: {company.name} is inactive in Autotask. Activate it there or choose another one."
        )


def _harmless(text: str) -> str:
    """Return a cell no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
