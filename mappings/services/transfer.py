"""Mappings as a CSV file: export, check, apply. Rows that are not in the file stay as they are."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from django.contrib.auth.models import User
from django.db import transaction

from mappings.models import Company, SiteMapping
from mappings.services import transfer_details
from mappings.services.decisions import DecisionOutcome, MappingRefused, choose_company, ignore, reset
from mappings.services.details import Details, details_of, set_details

COLUMNS = (
    "datto_site_uid",
    "site_name",
    "autotask_company_id",
    "company_name",
    "state",
    *transfer_details.COLUMNS,
)
#: Columns an import needs; the names are for people.
NEEDED = ("datto_site_uid", "autotask_company_id", "state")
_IMPORTABLE = ("confirmed", "ignored", "unmapped")


class BadFile(ValueError):  # noqa: N818 - a person's file, not a fault; the text names the cure
    """The file cannot be read as a whole; the text names what is wrong and the cure."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that cannot be applied. Line 1 is the header."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row that changes a mapping.

    Attributes:
        is_decided: state or organization change.
        details: its settings afterwards; None when they stay.
    """

    line: int
    mapping: SiteMapping
    state: str
    company: Company | None
    before: str
    after: str
    is_decided: bool = True
    details: Details | None = None


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
    """Yield header and rows; the mappings must come with site, company and `transfer_details.RELATED`."""
    yield list(COLUMNS)
    for mapping in mappings:
        company = mapping.company
        *cells, note = transfer_details.export_details(mapping)
        yield [
            mapping.site.datto_site_uid,
            mapping.site.name,
            str(company.autotask_company_id) if company else "",
            company.name if company else "",
            str(mapping.state),
            *cells,
            note,
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
    """Return what a file would change, without writing. A handful of queries, whatever the number of rows.

    Raises:
        BadFile: no header, a missing column, or not CSV.
    """
    plan = ImportPlan()
    try:
        rows = list(_read_rows(text))
    except csv.Error as error:
        raise BadFile(f"The file is not CSV: {error}. Export the mappings and edit that file.") from error
    mappings = {
        one.site.datto_site_uid: one
        for one in SiteMapping.objects.select_related("site", "company", *transfer_details.RELATED)
    }
    reader = transfer_details.DetailsReader(row for _, row in rows)
    companies = {one.autotask_company_id: one for one in Company.objects.all()}
    seen: dict[str, int] = {}
    for line, row in rows:
        first = seen.setdefault(row["datto_site_uid"], line)
        try:
            change = _plan_row(line, first, row, mappings, companies, reader)
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
                with transaction.atomic():
                    outcome.changed += _apply_row(change, user, outcome.batch)
            except MappingRefused as refusal:
                outcome.errors.append(RowError(change.line, str(refusal)))
    return outcome


def _apply_row(change: PlannedRow, user: User | None, batch: uuid.UUID) -> int:
    """Apply decision and settings of one row; returns 1 when anything changed."""
    outcome = DecisionOutcome()
    if change.is_decided and change.company is not None:
        outcome = choose_company(
            change.mapping, change.company, user, source=SiteMapping.Source.CSV, batch=batch
        )
    elif change.is_decided:
        decide = ignore if change.state == SiteMapping.State.IGNORED else reset
        outcome = decide([change.mapping.pk], user, batch=batch)
    changed = outcome.changed
    if change.details is not None:
        current = SiteMapping.objects.select_related("site", "company").get(pk=change.mapping.pk)
        changed += set_details(current, user, change.details, batch=batch).changed
    return min(changed, 1)


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
    reader: transfer_details.DetailsReader,
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
    is_decided = not (state == mapping.state and (company.pk if company else None) == mapping.company_id)
    if not is_decided:
        return _with_details(
            PlannedRow(line, mapping, state, mapping.company, "", "", is_decided=False), row, reader
        )
    if state not in _IMPORTABLE:
        raise BadFile(
            f"state: {row['state']!r} cannot be imported. Use {', '.join(_IMPORTABLE)}, or leave the row out."
        )
    if state == "confirmed":
        _check_confirmed(mapping, company)
    elif state == "unmapped" and mapping.decided_at is None:
        plain = PlannedRow(line, mapping, mapping.state, mapping.company, "", "", is_decided=False)
        return _with_details(plain, row, reader)
    chosen = company if state == "confirmed" else None
    after = f"{SiteMapping.State(state).label}: {chosen.name}" if chosen else SiteMapping.State(state).label
    before = mapping.get_state_display() + (f": {mapping.company.name}" if mapping.company else "")
    return _with_details(PlannedRow(line, mapping, state, chosen, before, str(after)), row, reader)


def _with_details(
    planned: PlannedRow, row: dict[str, str], reader: transfer_details.DetailsReader
) -> PlannedRow | None:
    """Return the row with the settings it asks for; None when nothing of it changes."""
    try:
        details = reader.read(row, planned.mapping, planned.company)
    except ValueError as error:
        raise BadFile(str(error)) from error
    if details is None:
        return planned if planned.is_decided else None
    words = "; ".join(transfer_details.changes_in_words(details_of(planned.mapping), details))
    after = f"{planned.after}; {words}" if planned.after else words
    before = planned.before or planned.mapping.get_state_display()
    return replace(planned, details=details, before=before, after=after)


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
