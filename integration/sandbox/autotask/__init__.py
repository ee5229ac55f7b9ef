"""A stateful, validating double of Autotask's REST API v1.0, its webhooks and its extension callouts.

It imports nothing outside `integration.sandbox`. The doors, all thread-safe:

`AutotaskDouble(*, public_url, clock, send_http=send_over_http, thread_limit=3, hourly_limit=10_000,
latency_tiers=True, time_scale=1.0)`
    `public_url` is scheme, host and port without a path; `clock()` gives aware datetimes; `time_scale` multiplies
    every pause (latency tiers, webhook retries), so tests set 0.001.

Serving: `blueprint()` answers `/ATServicesRest/...` and `/zone<N>/ATServicesRest/...` in any letter case. No WSGI
middleware is needed.

Filling: `seed(entity, rows)` (ids given; entity is the REST name, e.g. "ConfigurationItems"; `userDefinedFields` may
be a list of name and value or a plain dict), `set_picklist(entity, field, values)` (dicts as in field info with
`value` and `label`, or tuples `(value, label[, parentValue])`), `deactivate_picklist_value(entity, field, value)`,
`add_api_user(username, secret, integration_code, resource_id, vendor="", legacy_threads=False,
protected_data=True)`. `default_picklists()` is entity -> field -> values and is loaded by the constructor.

Looking: `all(entity)`, `get(entity, id)` (None when absent), `find(entity, **equal)`, `requests_seen(limit)`,
`counters()`, `webhook_queue()`, `callout_log(limit)`.

Acting as a person: `act_as_person(resource_id)` -> `Person` with `create(entity, fields)`, `update(entity, id,
fields)`, `complete_ticket(ticket_id, resolution="")`, `reopen(ticket_id)`, `add_note(ticket_id, text)`,
`assign(ticket_id, resource_id, role_id)`, `add_time_entry(ticket_id, hours, summary)`, `delete_ticket(ticket_id)`,
`merge(source_id, into_id)`. A refusal raises `RefusedError(status, messages)`.

Switches: `switches` (see `settings.Switches`), `move_zone(number)`, `add_workflow_rule(...)`,
`clear_workflow_rules()`, `add_callout(url, username="", password="", on_status=(), udf="", credentials="basic")`,
`deny(entity, operation)`, `allow(entity, operation)`.

Keeping: `to_state()` (JSON-able; rows hold only what is not null) and `load_state(state)` (replaces everything).
`close()` ends background deliveries; `wait_until_delivered(timeout_seconds)` waits for them.
"""

from integration.sandbox.autotask.double import AutotaskDouble
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.person import Person
from integration.sandbox.autotask.picklists import default_picklists

__all__ = ["AutotaskDouble", "Person", "RefusedError", "default_picklists"]
