"""Account, sites, users, activity and the API's status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

from integration.vendors.datto_rmm.api.base import ApiBase, segment
from integration.vendors.datto_rmm.paging import OnPage, read_one, read_page, total_of
from integration.vendors.datto_rmm.records import (
    Account,
    Activity,
    Site,
    SystemStatus,
    User,
    read_account,
    read_activity,
    read_site,
    read_system_status,
    read_user,
)
from integration.vendors.http import Params

_LONGEST_SITE_NAME: Final = 255
_ACTIVITY_PAGE_SIZE: Final = 250


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_SITE_NAME:
        raise ValueError(f"site name: must have 1 to {_LONGEST_SITE_NAME} characters")
    return name


class AccountApi(ApiBase):
    """Calls about the account as a whole and its sites."""

    def fetch_account(self) -> Account:
        """Return the account of the keys."""
        return self._fetch("/v2/account", read_account, endpoint="account")

    def fetch_system_status(self) -> SystemStatus:
        """Return the API's version and status; needs no valid keys, so it shows whether the host is reached."""
        answer = self._call("GET", "/v2/system/status", endpoint="system-status", with_token=False)
        return read_one(answer, read_system_status, answer.json())

    def fetch_page_size(self) -> int:
        """Return the longest page the API gives.

        Raises:
            ContractBroken: when it does not say.
        """
        answer = self._call("GET", "/v2/system/pagination", endpoint="system-pagination")
        body = answer.json()
        size = body.get("max") if isinstance(body, Mapping) else None
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise answer.broken("max is missing in the answer")
        return size

    def iter_sites(self, *, name_like: str = "", on_page: OnPage | None = None) -> Iterator[Site]:
        """Yield all sites, system sites ("Deleted Devices") included; see `Site.is_system_site`."""
        return self._iter(
            "/v2/account/sites",
            "sites",
            read_site,
            endpoint="account-sites",
            identity=lambda site: site.uid,
            params={"siteName": name_like or None},
            on_page=on_page,
        )

    def fetch_site(self, site_uid: str) -> Site:
        """Return one site.

        Raises:
            NotFound: no such site.
        """
        return self._fetch(f"/v2/site/{segment('site uid', site_uid)}", read_site, endpoint="site")

    def find_sites_named(self, name: str) -> list[Site]:
        """Return the sites with exactly this name; names are not unique. Look here after a doubtful create."""
        return [site for site in self.iter_sites(name_like=name) if site.name.strip() == name.strip()]

    def create_site(
        self,
        name: str,
        *,
        description: str = "",
        notes: str = "",
        on_demand: bool = False,
        splashtop_auto_install: bool = True,
    ) -> Site:
        """Create a site. Not to be repeated after a doubt: names are not unique.

        Raises:
            WriteOutcomeUnknown: look with `find_sites_named` before repeating it.
            ContractBroken: created, but the answer does not tell the site and its name is not unique.
        """
        body = {
            "name": _checked_name(name),
            "description": description,
            "notes": notes,
            "onDemand": on_demand,
            "splashtopAutoInstall": splashtop_auto_install,
        }
        answer = self._call(
            "PUT", "/v2/site", endpoint="site-create", operation="site-create", json_body=body
        )
        if answer.body.strip():
            return read_one(answer, read_site, answer.json())
        # Older servers answer with nothing.
        found = self.find_sites_named(name)
        if len(found) != 1:
            raise answer.broken(f"the site was created, but {len(found)} sites have its name")
        return found[0]

    def update_site(
        self,
        site_uid: str,
        *,
        name: str | None = None,
        description: str | None = None,
        notes: str | None = None,
        on_demand: bool | None = None,
        splashtop_auto_install: bool | None = None,
    ) -> Site:
        """Change a site; what is None stays. Harmless to repeat.

        Whether the API keeps or blanks what is left out is not documented, so the site is read first and the full
        set sent.
        """
        before = self.fetch_site(site_uid)
        on_demand = before.on_demand if on_demand is None else on_demand
        splashtop = (
            before.splashtop_auto_install if splashtop_auto_install is None else splashtop_auto_install
        )
        body: dict[str, object] = {
            "name": _checked_name(before.name if name is None else name),
            "description": before.description if description is None else description,
            "notes": before.notes if notes is None else notes,
        }
        # A flag the API did not report is not sent either: any value would be a guess.
        if on_demand is not None:
            body["onDemand"] = on_demand
        if splashtop is not None:
            body["splashtopAutoInstall"] = splashtop
        path = f"/v2/site/{segment('site uid', site_uid)}"
        answer = self._call("POST", path, endpoint="site-update", operation="site-update", json_body=body)
        if answer.body.strip():
            return read_one(answer, read_site, answer.json())
        return self.fetch_site(site_uid)

    def iter_users(self, *, on_page: OnPage | None = None) -> Iterator[User]:
        """Yield the account's users."""
        return self._iter(
            "/v2/account/users",
            "users",
            read_user,
            endpoint="account-users",
            identity=lambda user: user.username or user.email,
            on_page=on_page,
        )

    def iter_activities(
        self,
        *,
        since: datetime,
        until: datetime | None = None,
        entities: Sequence[Literal["device", "user"]] = (),
        categories: Sequence[str] = (),
        actions: Sequence[str] = (),
        site_ids: Sequence[int] = (),
        on_page: OnPage | None = None,
    ) -> Iterator[Activity]:
        """Yield the activity log, oldest first; needs an administrator's keys.

        Raises:
            ValueError: when a time is naive.
            ContractBroken: the log's search failed although the status is 200, or the list runs in a circle.
        """
        params: dict[str, str | int | Sequence[str] | None] = {
            "size": _ACTIVITY_PAGE_SIZE,
            "order": "asc",
            "from": _wire_time("since", since),
            "until": None if until is None else _wire_time("until", until),
            "entities": list(entities),
            "categories": list(categories),
            "actions": list(actions),
            "siteIds": [str(site_id) for site_id in site_ids],
        }
        return self._walk_activities(params, on_page)

    def _walk_activities(self, params: Params, on_page: OnPage | None) -> Iterator[Activity]:
        cursor: tuple[str, ...] = ()
        cursors: set[tuple[str, ...]] = set()
        seen: set[int] = set()
        so_far = 0
        while True:
            query = {**params, "searchAfter": cursor, "page": "next" if cursor else None}
            answer = self._call("GET", "/v2/activity-logs", endpoint="activity-logs", params=query)
            rows, details = read_page(answer, "activities")
            body = answer.json()
            if isinstance(body, Mapping) and body.get("error"):
                raise answer.broken("the activity log's own search failed")
            so_far += len(rows)
            if on_page is not None:
                on_page(so_far, total_of(details))
            for row in rows:
                activity = read_one(answer, read_activity, row)
                mark = hash(activity.id)
                if mark not in seen:
                    seen.add(mark)
                    yield activity
            following = details.get("nextPageUrl")
            if not following or not rows:
                return
            # As with pages: only the position is taken from the address, everything else is ours.
            cursor = tuple(parse_qs(urlsplit(str(following)).query).get("searchAfter", []))
            if not cursor or cursor in cursors:
                raise answer.broken("the next page of the activity log leads nowhere new")
            cursors.add(cursor)


def _wire_time(name: str, value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{name}: needs a time zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
