"""Creating a Datto RMM site for an organization, and an organization for a site. Queued work, done once.

Each creation is one change of a run, applied by the engine: it is claimed before the vendor's write, and whoever
finds it claimed looks for the name before writing. Names are not unique at either vendor, so a name that exists
already is refused, not doubled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.changes import queue_changes
from integration.sync.operations import Applied, CannotApply, Draft, Operation, Work, register_operation
from integration.vendors.autotask.records import Company as CompanyRecord
from mappings.models import Company, Site, SiteMapping
from mappings.services.decisions import MappingRefused, choose_company

CREATE_SITE: Final = "create_site"
CREATE_COMPANY: Final = "create_company"
#: The kind of run these changes belong to.
KIND: Final = "sites"
_NAME_LENGTH: Final = 100
_PHONE_LENGTH: Final = 25
_OPEN = [SyncRunEntry.Status.PLANNED, SyncRunEntry.Status.APPLYING]
_LIVE = [SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]


class CreationRefused(ValueError):  # noqa: N818 - not a fault: the text tells a person why and what to do
    """A creation that cannot be asked for.

    Attributes:
        field: of the form: "name", "phone" or "".
    """

    def __init__(self, text: str, *, field: str = "") -> None:
        self.field = field
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class NewCompany:
    """What an organization is created with.

    Attributes:
        company_type: value of Autotask's pick list.
        like_autotask_company_id: the organization whose account owner it gets.
    """

    name: str
    phone: str
    company_type: int
    like_autotask_company_id: int


def ask_for_company(mapping: SiteMapping, wanted: NewCompany, user: User | None) -> tuple[SyncRun, bool]:
    """Queue the creation of an organization for a site; returns the run and whether it is new.

    Asking again while it is under way returns the same run.

    Raises:
        CreationRefused: the site has an organization, the name exists, or a value is missing.
    """
    name = _checked_name(wanted.name)
    phone = wanted.phone.strip()
    if not phone:
        raise CreationRefused("Phone: Autotask asks for one. Enter the organization's number.", field="phone")
    if len(phone) > _PHONE_LENGTH:
        raise CreationRefused(f"Phone: Autotask takes at most {_PHONE_LENGTH} characters.", field="phone")
    payload = {
        "mapping": mapping.pk,
        "name": name,
        "phone": phone,
        "company_type": wanted.company_type,
        "like": wanted.like_autotask_company_id,
    }
    draft = Draft(
        SyncRunEntry.Action.CREATE,
        CREATE_COMPANY,
        "organization",
        mapping.site.datto_site_uid,
        name,
        after={"name": name, "phone": phone, "for_site": mapping.site.name},
        payload=payload,
    )

    def check() -> None:
        if mapping.site.is_system:
            raise CreationRefused("Datto RMM made this site itself; it cannot belong to an organization.")
        if SiteMapping.objects.filter(
            pk=mapping.pk, company__isnull=False, decided_at__isnull=False
        ).exists():
            raise CreationRefused(
                f"{mapping.site.name} has an organization already. Take that decision back first."
            )
        if Company.objects.filter(name__iexact=name, is_missing=False).exists():
            raise CreationRefused(
                f"Name: an organization called {name} exists already. Choose it for the site, or use another name.",
                field="name",
            )

    return _queue(draft, user, check, lock=lambda: SiteMapping.objects.select_for_update().get(pk=mapping.pk))


def ask_for_site(
    company: Company, name: str, user: User | None, *, description: str = "", on_demand: bool = False
) -> tuple[SyncRun, bool]:
    """Queue the creation of a Datto RMM site for an organization; returns the run and whether it is new.

    Asking again for the same name while it is under way returns the same run.

    Raises:
        CreationRefused: the organization is inactive, the name exists or is missing.
    """
    name = _checked_name(name)
    draft = Draft(
        SyncRunEntry.Action.CREATE,
        CREATE_SITE,
        "site",
        str(company.autotask_company_id),
        name,
        after={"name": name, "organization": company.name},
        payload={
            "company": company.pk,
            "name": name,
            "description": description.strip(),
            "on_demand": on_demand,
        },
    )

    def check() -> None:
        if company.is_missing or not company.is_active:
            raise CreationRefused(f"{company.name} is inactive in Autotask. Activate it there first.")
        if Site.objects.filter(name__iexact=name, is_missing=False).exists():
            raise CreationRefused(
                f"Name: a site called {name} exists already. Add it to the organization, or use another name.",
                field="name",
            )

    return _queue(draft, user, check, lock=lambda: Company.objects.select_for_update().get(pk=company.pk))


def list_creations(operation: str, object_id: str) -> list[SyncRunEntry]:
    """Return the latest creations asked for an object, newest first, with their runs."""
    entries = SyncRunEntry.objects.filter(operation=operation, object_id=object_id)
    return list(entries.select_related("run").order_by("-pk")[:3])


def _checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise CreationRefused("Name: it is empty. Enter the name.", field="name")
    if len(name) > _NAME_LENGTH:
        raise CreationRefused(
            f"Name: it has {len(name)} characters. Use at most {_NAME_LENGTH}.", field="name"
        )
    return name


def _queue(
    draft: Draft, user: User | None, check: Callable[[], None], *, lock: Callable[[], object]
) -> tuple[SyncRun, bool]:
    with transaction.atomic():
        # Two clicks at once wait for each other here, and the second finds what the first has asked for.
        lock()
        same = SyncRunEntry.objects.filter(
            operation=draft.operation, object_id=draft.object_id, status__in=_OPEN
        ).select_related("run")
        if draft.operation == CREATE_SITE:
            same = same.filter(label__iexact=draft.label)
        open_entry = same.order_by("-pk").first()
        if open_entry is not None and open_entry.run.status in _LIVE:
            return open_entry.run, False
        check()
        if open_entry is not None and open_entry.status == SyncRunEntry.Status.APPLYING:
            # Its run ended between the write and our note of it: the next try looks first, for what was asked then.
            draft.payload.update(open_entry.payload, look_first=True)
        for stale in same:
            SyncRunEntry.objects.filter(pk=stale.pk).update(status=SyncRunEntry.Status.HANDED_ON)
        return queue_changes(KIND, [draft], user, title=f"Create {draft.object_type} {draft.label}"), True


def _create_company(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    values = entry.payload
    mapping = SiteMapping.objects.select_related("site").get(pk=values["mapping"])
    name = values["name"]
    found = sorted(work.autotask.find_companies_named(name), key=lambda one: one.id)
    may_be_ours = is_doubtful or values.get("look_first", False)
    if found and not may_be_ours:
        raise CannotApply(
            f"Autotask has an organization called {name} already (id {found[0].id}).",
            "Sync the organizations, then choose it for the site, or use another name.",
        )
    if len(found) > 1:
        raise CannotApply(
            f"Autotask has {len(found)} organizations called {name}; it is not known which one was just created.",
            "Merge or rename them in Autotask, sync the organizations, then choose one for the site.",
        )
    record = found[0] if found else _write_company(work, values)
    company = _store_company(record)
    message = _confirm(
        mapping, company, entry, f"Organization {name} (id {record.id})", was_found=bool(found)
    )
    return Applied({"autotask_company_id": record.id}, message)


def _write_company(work: Work, values: dict[str, Any]) -> CompanyRecord:
    model = work.autotask.find_company(values["like"])
    if model is None or model.owner_resource_id is None:
        raise CannotApply(
            "Autotask names no account owner for the organization that was given as the example.",
            "Ask again and choose an organization that has an account owner.",
        )
    new_id = work.autotask.create_company(
        {
            "companyName": values["name"],
            "companyType": values["company_type"],
            "ownerResourceID": model.owner_resource_id,
            "phone": values["phone"],
            "isActive": True,
        }
    )
    record = work.autotask.find_company(new_id)
    if record is None:
        raise CannotApply(
            f"Organization {new_id} was created but Autotask does not return it.",
            "Sync the organizations, then choose it for the site.",
        )
    return record


def _store_company(record: CompanyRecord) -> Company:
    company, _ = Company.objects.update_or_create(
        autotask_company_id=record.id,
        defaults={
            "name": record.name[:_NAME_LENGTH],
            "is_active": record.is_active,
            "is_missing": False,
            "company_type": record.company_type,
            "phone": (record.phone or "")[:_PHONE_LENGTH],
            "synced_at": timezone.now(),
        },
    )
    return company


def _create_site(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    values = entry.payload
    company = Company.objects.get(pk=values["company"])
    name = values["name"]
    found = work.datto.find_sites_named(name)
    may_be_ours = is_doubtful or values.get("look_first", False)
    if found and not may_be_ours:
        raise CannotApply(
            f"Datto RMM has a site called {name} already.",
            "Sync the sites, then add it to the organization, or use another name.",
        )
    if len(found) > 1:
        raise CannotApply(
            f"Datto RMM has {len(found)} sites called {name}; it is not known which one was just created.",
            "Rename or delete the others in Datto RMM, sync the sites, then add the right one.",
        )
    record = (
        found[0]
        if found
        else work.datto.create_site(
            name, description=values.get("description", ""), on_demand=values.get("on_demand", False)
        )
    )
    with transaction.atomic():
        site, _ = Site.objects.get_or_create(
            datto_site_uid=record.uid,
            defaults={
                "datto_site_id": record.id,
                "name": record.name or name,
                "description": record.description,
                "is_on_demand": bool(record.on_demand),
                "portal_url": record.portal_url,
                "synced_at": timezone.now(),
            },
        )
        mapping, _ = SiteMapping.objects.get_or_create(site=site)
    mapping = SiteMapping.objects.select_related("site", "company").get(pk=mapping.pk)
    message = _confirm(mapping, company, entry, f"Site {name}", was_found=bool(found))
    return Applied({"datto_site_uid": record.uid}, message)


def _confirm(
    mapping: SiteMapping, company: Company, entry: SyncRunEntry, what: str, *, was_found: bool
) -> str:
    """Map the site to the organization and say what came of the whole."""
    made = f"{what} was created" + (", and found again after a lost answer" if was_found else "")
    current = SiteMapping.objects.select_related("site", "company").get(pk=mapping.pk)
    if current.decided_at is not None and current.company_id not in {None, company.pk}:
        return f"{made}. {current.site.name} was mapped to {current.company} meanwhile and stays there."
    try:
        choose_company(current, company, entry.run.user, source=SiteMapping.Source.CREATED)
    except MappingRefused as refusal:
        return f"{made}, but not mapped: {refusal}"
    return f"{made}, and {current.site.name} belongs to {company.name} now."


def _cannot_undo(entry: SyncRunEntry) -> str:
    what = "an organization" if entry.operation == CREATE_COMPANY else "a site"
    return f"Neither vendor lets us delete {what}. Take the mapping back, and deactivate {entry.label} there by hand."


def register_operations() -> None:
    """Let the engine create sites and organizations."""
    register_operation(Operation(CREATE_SITE, _create_site, _cannot_undo))
    register_operation(Operation(CREATE_COMPANY, _create_company, _cannot_undo))
