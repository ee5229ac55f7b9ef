"""Datto RMM: client, records, alert contexts and portal links."""

from integration.vendors.datto_rmm.api.alerts import ResolveOutcome
from integration.vendors.datto_rmm.client import DattoRmmClient
from integration.vendors.datto_rmm.hosts import PLATFORMS, ApiUrl, normalize_api_url
from integration.vendors.datto_rmm.links import Links, LinkTemplates, trusted_url
from integration.vendors.datto_rmm.tokens import RedisTokenStore, TokenStore
from integration.vendors.datto_rmm.wire import parse_instant

__all__ = [
    "PLATFORMS",
    "ApiUrl",
    "DattoRmmClient",
    "LinkTemplates",
    "Links",
    "RedisTokenStore",
    "ResolveOutcome",
    "TokenStore",
    "normalize_api_url",
    "parse_instant",
    "trusted_url",
]
