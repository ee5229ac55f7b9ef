"""Links that open a record in Autotask's own screens (ExecuteCommand).

They need a logged-in person and hold nothing secret. The host comes from the zone's `webUrl`; it cannot be
derived from the API host, because pre-release zones do not follow the numbering.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode, urljoin

_COMMAND_PATH: Final = "Autotask/AutotaskExtend/ExecuteCommand.aspx"

#: Sources disagree which code opens a configuration item, so it is a setting with these choices.
EDIT_INSTALLED_PRODUCT: Final = "EditInstalledProduct"
OPEN_INSTALLED_PRODUCT: Final = "OpenInstalledProduct"
CONFIGURATION_ITEM_CODES: Final = (EDIT_INSTALLED_PRODUCT, OPEN_INSTALLED_PRODUCT)


def ticket_link(web_url: str, ticket_id: int) -> str:
    """Return the address of a ticket."""
    return _command(web_url, "OpenTicketDetail", "TicketID", ticket_id)


def ticket_number_link(web_url: str, ticket_number: str) -> str:
    """Return the address of a ticket known by its number only."""
    return _command(web_url, "OpenTicketDetail", "TicketNumber", ticket_number)


def company_link(web_url: str, company_id: int) -> str:
    """Return the address of a company."""
    return _command(web_url, "OpenAccount", "AccountID", company_id)


def contact_link(web_url: str, contact_id: int) -> str:
    """Return the address of a contact."""
    return _command(web_url, "OpenContact", "ContactID", contact_id)


def contract_link(web_url: str, contract_id: int) -> str:
    """Return the address of a contract."""
    return _command(web_url, "OpenContract", "ContractID", contract_id)


def configuration_item_link(
    web_url: str, configuration_item_id: int, *, code: str = OPEN_INSTALLED_PRODUCT
) -> str:
    """Return the address of a configuration item.

    Args:
        web_url: the zone's `webUrl`.
        configuration_item_id: its id.
        code: one of `CONFIGURATION_ITEM_CODES`; try the other one when Autotask shows an error page.

    Raises:
        ValueError: for another code.
    """
    if code not in CONFIGURATION_ITEM_CODES:
        raise ValueError(
            f"configuration item link code {code!r}: use one of {', '.join(CONFIGURATION_ITEM_CODES)}"
        )
    return _command(web_url, code, "InstalledProductID", configuration_item_id)


def _command(web_url: str, code: str, parameter: str, value: int | str) -> str:
    base = web_url if web_url.endswith("/") else f"{web_url}/"
    return urljoin(base, _COMMAND_PATH) + "?" + urlencode({"Code": code, parameter: value})
