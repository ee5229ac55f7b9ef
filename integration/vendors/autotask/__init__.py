"""Autotask PSA: REST v1.0 client, typed records, inbound events and deep links.

Plain Python: no Django, no Celery, no settings. Everything the product knows about Autotask's wire format
lives here, so nothing above this package reads a camelCase key.
"""
