"""What the Datto RMM double remembers: sites, devices, alerts and its switches. Times are epoch milliseconds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Site:
    """One site. `uid` is a GUID except for system sites, whose uid is not one on purpose."""

    id: int
    uid: str
    name: str
    description: str | None = None
    notes: str | None = None
    on_demand: bool = False
    splashtop_auto_install: bool = False
    autotask_company_id: str | None = None
    autotask_company_name: str | None = None
    proxy: dict[str, Any] | None = None
    mail_recipients: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_system(self) -> bool:
        """True for sites the vendor keeps for itself, such as "Deleted Devices"."""
        return "-" not in self.uid


@dataclass(slots=True)
class Device:
    """One device with what its audit would say; long parts of the audit are made up on demand from the id."""

    id: int
    uid: str
    site_uid: str
    hostname: str | None
    device_class: str
    category: str | None
    type: str | None
    operating_system: str | None
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    macs: tuple[str, ...] = ()
    int_ip: str | None = None
    ext_ip: str | None = None
    domain: str | None = None
    last_user: str | None = None
    description: str | None = None
    online: bool | None = True
    suspended: bool | None = False
    deleted: bool | None = False
    reboot_required: bool | None = False
    last_seen: int | None = None
    last_reboot: int | None = None
    last_audit: int | None = None
    created: int | None = None
    warranty: str | None = None
    antivirus: tuple[str, str] | None = None
    patch_status: str | None = None
    patches: tuple[int, int, int] = (0, 0, 0)
    software_status: str | None = None
    memory_gb: int = 16
    #: 0: as made up from the id
    disk_gb: int = 0
    #: where a deleted device was before
    home_site_uid: str = ""
    udf: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UdfLabel:
    """What the account calls one of its 300 device fields, and its type: STRING, NUMBER, DATE or BOOLEAN."""

    label: str
    type: str = "STRING"


@dataclass(slots=True)
class Monitor:
    """A monitor somebody set up: what Datto never says on an alert, and what makes two alerts the same trouble."""

    key: int
    context_class: str
    label: str
    priority: str
    subject: str
    name: str = ""
    weight: float = 1.0
    autoresolve_mins: int | None = None
    device_kind: str = "any"


@dataclass(slots=True)
class Alert:
    """One firing of a monitor.

    Attributes:
        odd: fields sent instead of the right ones, as a fault; one that is `{"absent": true}` is not sent at all.
    """

    uid: str
    priority: str
    timestamp: int
    context: dict[str, Any] | None
    device_uid: str | None
    device_name: str | None
    site_uid: str
    site_name: str
    label: str
    message: str
    diagnostics: str | None = None
    autoresolve_mins: int | None = None
    creates_ticket: bool = False
    sends_emails: bool = False
    ticket_number: str | None = None
    resolved: bool = False
    resolved_by: str | None = None
    resolved_on: int | None = None
    muted: bool | None = False
    visible_from: int = 0
    actions: list[dict[str, Any]] | None = None
    odd: dict[str, Any] | None = None

    def to_state(self) -> dict[str, Any]:
        """Return a JSON-able dict that `Alert(**state)` reads back."""
        return asdict(self)


@dataclass(slots=True)
class Settings:
    """Switches of the Datto double; each is settable under `/control/settings` as `{"datto_rmm": {name: value}}`."""

    token_lifetime_seconds: int = 360_000
    dates: str = "ms"
    total_count: str = "int"
    udf_on_v2: bool = True
    has_api_v3: bool = True
    next_page_loses_filters: bool = True
    unknown_alert_status: int = 404
    alert_visible_delay_ms: int = 0
    enforce_limits: bool = True
    window_seconds: float = 60.0
    read_limit: int = 600
    write_limit: int = 600
    operation_limit: int = 100
    udf_operation_limit: int = 600
    cut_off_ratio: float = 0.9
    near_limit_delay_ms: int = 1000
    retry_after: str = "seconds"
    block_after_ignored: int = 20
    block_seconds: float = 300.0
    report_write_limits: bool = True
    strangers_reads_per_minute: int = 0
    api_user_name: str = "API Bridge"

    #: allowed values of the text switches
    CHOICES = {
        "dates": ("ms", "iso"),
        "total_count": ("int", "null", "absent"),
        "retry_after": ("seconds", "date", "absent"),
        "unknown_alert_status": (404, 403, 500),
    }

    def change(self, name: str, value: Any) -> None:
        """Set one switch.

        Raises:
            ValueError: the name is unknown, or the value has the wrong type or is not among the choices.
        """
        if name not in self.__dataclass_fields__:
            known = ", ".join(sorted(self.__dataclass_fields__))
            raise ValueError(f"{name}: no such switch. Known switches: {known}.")
        current = getattr(self, name)
        wanted = type(current)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not wanted:
            raise ValueError(f"{name}: expected {wanted.__name__}, got {type(value).__name__}.")
        if name in self.CHOICES and value not in self.CHOICES[name]:
            raise ValueError(f"{name}: choose one of {', '.join(map(str, self.CHOICES[name]))}.")
        if wanted in (int, float) and value < 0:
            raise ValueError(f"{name}: must not be negative.")
        setattr(self, name, value)
