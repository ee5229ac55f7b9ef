"""Devices, their audits and their user-defined fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Final, Literal

from integration.vendors.datto_rmm.api.base import ApiBase, T, segment
from integration.vendors.datto_rmm.errors import AuditNotFound, WrongDeviceClass
from integration.vendors.datto_rmm.paging import OnPage, OnUnreadable, read_one, read_page
from integration.vendors.datto_rmm.records import (
    Device,
    DeviceAudit,
    DeviceInterfaces,
    DeviceUdf,
    EsxiAudit,
    PrinterAudit,
    Software,
    read_device,
    read_device_audit,
    read_device_interfaces,
    read_device_udfs,
    read_esxi_audit,
    read_printer_audit,
    read_software,
)
from integration.vendors.datto_rmm.records.devices import LAST_UDF
from integration.vendors.errors import NotFound, Rejected
from integration.vendors.http import Params

#: v3 carries user-defined fields where v2 may have dropped them.
ApiVersion = Literal["v2", "v3"]
LONGEST_UDF: Final = 255
#: Enough to see every label in use, few enough for a page with up to 300 fields for each.
_DEVICES_FOR_LABELS: Final = 50
_MAC: Final = re.compile(r"[0-9A-Fa-f]{12}")


class DeviceApi(ApiBase):
    """Calls about devices."""

    def iter_devices(
        self,
        *,
        site_uid: str = "",
        version: ApiVersion = "v2",
        hostname_like: str = "",
        filter_id: int | None = None,
        on_page: OnPage | None = None,
        on_unreadable: OnUnreadable | None = None,
    ) -> Iterator[Device]:
        """Yield devices of the account, or of one site.

        Args:
            site_uid: only this site's; empty for all.
            version: "v3" to get user-defined fields for sure.
            hostname_like: part of the host name; for the account-wide list only.
            filter_id: a device filter; it alone decides then.
            on_page: progress.
            on_unreadable: told of each device that cannot be read, such as one without uid; the others follow all the
                same, and the list must not be taken for whole. None: such a device ends the list.
        """
        if site_uid and hostname_like:
            raise ValueError("hostname_like: works on the account-wide list only; leave site_uid empty")
        owner = f"site/{segment('site uid', site_uid)}" if site_uid else "account"
        return self._iter(
            f"/{version}/{owner}/devices",
            "devices",
            read_device,
            endpoint="site-devices" if site_uid else "account-devices",
            # One device in two spellings would become two configuration items.
            identity=lambda device: device.uid.casefold(),
            params={"hostname": hostname_like or None, "filterId": filter_id},
            on_page=on_page,
            on_unreadable=on_unreadable,
        )

    def fetch_device(self, device_uid: str, *, version: ApiVersion = "v2") -> Device:
        """Return one device.

        Raises:
            NotFound: no such device.
        """
        return self._fetch(
            f"/{version}/device/{segment('device uid', device_uid)}", read_device, endpoint="device"
        )

    def fetch_device_by_id(self, device_id: int, *, version: ApiVersion = "v2") -> Device:
        """Return one device by its numeric id, as portal links and activity logs have it."""
        return self._fetch(f"/{version}/device/id/{int(device_id)}", read_device, endpoint="device-id")

    def fetch_devices_by_mac(self, mac_address: str) -> tuple[Device, ...]:
        """Return the devices with a MAC address in any notation.

        Raises:
            ValueError: no MAC address.
            NotFound: no such device.
        """
        digits = re.sub(r"[\s:.-]", "", mac_address)
        if not _MAC.fullmatch(digits):
            raise ValueError("MAC address: must have 12 hexadecimal digits")
        return self._fetch_list(f"/v2/device/macAddress/{digits.upper()}", read_device, endpoint="device-mac")

    def fetch_udfs(self, device_uid: str) -> Mapping[int, str]:
        """Return the filled user-defined fields of a device, from whichever API version has them.

        Raises:
            ContractBroken: when neither carries them.
        """
        device = self.fetch_device(device_uid)
        if device.udfs is not None:
            return device.udfs
        answer = self._call("GET", f"/v3/device/{segment('device uid', device_uid)}", endpoint="device")
        udfs = read_device(answer.json()).udfs
        if udfs is None:
            raise answer.broken("the device carries no user-defined fields in either API version")
        return udfs

    def fetch_described_udfs(self, device_uid: str) -> tuple[DeviceUdf, ...]:
        """Return the user-defined fields of a device with label and type, in the API's order.

        Whether empty ones are listed is up to the API.

        Raises:
            NotFound: no such device.
            ContractBroken: the device carries no user-defined fields.
        """
        return self._fetch(
            f"/v3/device/{segment('device uid', device_uid)}", read_device_udfs, endpoint="device"
        )

    def fetch_udf_labels(self) -> Mapping[int, str]:
        """Return number -> label of the account's user-defined fields, as far as its first devices show them.

        Labels are a setting of the account that no address lists; API v3 repeats them on devices. A field that
        none of these devices shows, or that has no label, is not in the answer.

        Raises:
            ContractBroken: no device carries user-defined fields.
        """
        query: Params = {"page": 0, "max": _DEVICES_FOR_LABELS}
        answer = self._call("GET", "/v3/account/devices", endpoint="account-devices", params=query)
        devices, _details = read_page(answer, "devices")
        # A device may have null for "none set"; all of them without any is another API version.
        described = [
            read_one(answer, read_device_udfs, device)
            for device in devices
            if isinstance(device, Mapping) and isinstance(device.get("udfs"), list)
        ]
        if devices and not described:
            raise answer.broken("no device carries user-defined fields")
        labels: dict[int, str] = {}
        for udf in chain.from_iterable(described):
            if udf.label:
                labels.setdefault(udf.number, udf.label)
        return labels

    def move_device(self, device_uid: str, site_uid: str) -> None:
        """Move a device to a site; harmless to repeat."""
        path = f"/v2/device/{segment('device uid', device_uid)}/site/{segment('site uid', site_uid)}"
        self._call("PUT", path, endpoint="device-move", operation="device-move")

    def set_udfs(self, device_uid: str, values: Mapping[int, str | None]) -> None:
        """Set user-defined fields; the others stay. Harmless to repeat.

        Args:
            device_uid: the device.
            values: number (1 to 300) -> text, cut to 255 characters; None or "" empties the field.

        Raises:
            ValueError: no values, or a number out of range.
        """
        if not values:
            raise ValueError("user-defined fields: none given")
        if wrong := [number for number in values if not 1 <= number <= LAST_UDF]:
            raise ValueError(f"user-defined fields: {wrong[0]} is not between 1 and {LAST_UDF}")
        body = {
            f"udf{number}": (text or "").replace("\x00", "")[:LONGEST_UDF] for number, text in values.items()
        }
        path = f"/v2/device/{segment('device uid', device_uid)}/udf"
        self._call("POST", path, endpoint="device-udf", operation="device-udf-set", json_body=body)

    def set_warranty(self, device_uid: str, ends_on: date | None) -> None:
        """Set the day the warranty ends; None empties it. Harmless to repeat."""
        path = f"/v2/device/{segment('device uid', device_uid)}/warranty"
        body = {"warrantyDate": None if ends_on is None else ends_on.strftime("%Y-%m-%d")}
        self._call(
            "POST", path, endpoint="device-warranty", operation="device-warranty-create", json_body=body
        )

    def fetch_device_audit(self, device_uid: str) -> DeviceAudit:
        """Return the audit of a device of class "device".

        Raises:
            WrongDeviceClass: the device is of another class.
            AuditNotFound: no such device, or no audit of it.
        """
        return self._fetch_audit("device", device_uid, read_device_audit)

    def fetch_esxi_audit(self, device_uid: str) -> EsxiAudit:
        """Return the audit of a device of class "esxihost"; errors as `fetch_device_audit`."""
        return self._fetch_audit("esxihost", device_uid, read_esxi_audit)

    def fetch_printer_audit(self, device_uid: str) -> PrinterAudit:
        """Return the audit of a device of class "printer"; errors as `fetch_device_audit`."""
        return self._fetch_audit("printer", device_uid, read_printer_audit)

    def find_audit(self, device: Device) -> DeviceAudit | EsxiAudit | PrinterAudit | None:
        """Return the audit that fits a device's class; None for classes that have none (network devices).

        Raises:
            WrongDeviceClass: the device's class changed since it was read.
            AuditNotFound: the device is gone, or was never audited.
        """
        if device.device_class == "device":
            return self.fetch_device_audit(device.uid)
        if device.device_class == "esxihost":
            return self.fetch_esxi_audit(device.uid)
        if device.device_class == "printer":
            return self.fetch_printer_audit(device.uid)
        return None

    def _fetch_audit(self, device_class: str, device_uid: str, read: Callable[[object], T]) -> T:
        path = f"/v2/audit/{device_class}/{segment('device uid', device_uid)}"
        try:
            return self._fetch(path, read, endpoint=f"audit-{device_class}")
        except NotFound as error:
            raise AuditNotFound(
                f"Datto RMM has no audit of device {device_uid}: it is gone, or was never audited",
                vendor=error.vendor,
                method=error.method,
                path=error.path,
                status=error.status,
            ) from error
        except Rejected as error:
            if error.status != 400:  # noqa: PLR2004 - HTTP status
                raise
            raise WrongDeviceClass(
                [
                    f"device {device_uid} is not of class {device_class!r}; read the device again",
                    *error.messages,
                ],
                vendor=error.vendor,
                method=error.method,
                path=error.path,
                status=error.status,
            ) from error

    def iter_network_interfaces(
        self, site_uid: str, *, on_page: OnPage | None = None
    ) -> Iterator[DeviceInterfaces]:
        """Yield all devices of a site with their network cards: MAC addresses without an audit call each."""
        return self._iter(
            f"/v2/site/{segment('site uid', site_uid)}/devices/network-interface",
            "devices",
            read_device_interfaces,
            endpoint="site-network-interfaces",
            identity=lambda device: device.device_uid,
            on_page=on_page,
        )

    def iter_software(self, device_uid: str, *, on_page: OnPage | None = None) -> Iterator[Software]:
        """Yield the programs on a device of class "device"."""
        return self._iter(
            f"/v2/audit/device/{segment('device uid', device_uid)}/software",
            "software",
            read_software,
            endpoint="audit-software",
            identity=lambda software: f"{software.name}\n{software.version}",
            on_page=on_page,
        )
