"""Alert contexts in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.vendors.datto_rmm.contexts import CONTEXT_KINDS, MONITOR_TYPES, describe_context
from integration.vendors.datto_rmm.contexts.units import as_moment, as_number, as_size, as_text

CASES = [
    ("online_offline_status_ctx", {"status": "OFFLINE"}, "online_status", "", "Device is offline", {"status": "OFFLINE"}),
    ("perf_resource_usage_ctx", {"percentage": 97.456, "type": "CPU"}, "cpu", "", "CPU usage is 97.46 %", {"type": "CPU"}),
    ("perf_resource_usage_ctx", {"percentage": 91, "type": "MEMORY"}, "memory", "", "Memory usage is 91 %", {"type": "MEMORY"}),
    ("perf_resource_usage_ctx", {"type": "SNMP_THROUGHPUT"}, "snmp_throughput", "", "SNMP throughput usage is out of range", {"type": "SNMP_THROUGHPUT"}),
    (
        "perf_disk_usage_ctx",
        {"diskName": "C:", "freeSpace": 9.7e6, "totalVolume": 248e6, "unitOfMeasure": "PERCENT", "diskNameDesignation": "SINGLE_VOLUME"},
        "disk_usage", "C:", "C: has 9.3 GB free of 237 GB (3.9 %)", {"diskName": "C:", "diskNameDesignation": "SINGLE_VOLUME"},
    ),
    ("disk_usage_ctx", {"diskName": "/var", "freeSpace": 512, "totalVolume": 0}, "disk_usage", "/var", "/var has 512 KB free", {"diskName": "/var"}),
    ("comp_script_ctx", {"samples": {"Backup": "3 failed", "": "see log"}}, "component", "Backup", "Backup: 3 failed; see log", {"samples": "Backup"}),
    ("comp_script_ctx", {"samples": {"Alert": "x"}}, "component", "", "Alert: x", {"samples": "Alert"}),
    ("comp_script_ctx", {"samples": {}}, "component", "", "Component raised an alert", {}),
    (
        "eventlog_ctx",
        {"logName": "System", "code": "7", "type": "ERROR", "source": "disk", "description": "bad\r\nblock", "triggerCount": 3, "lastTriggered": 1787652000000},
        "event_log", "disk 7", "disk event 7 in System, 3 times: bad block", {"logName": "System", "source": "disk", "code": "7", "type": "ERROR"},
    ),
    ("srvc_status_ctx", {"serviceName": "Spooler", "status": "STOPPENDING"}, "service", "Spooler", "Service Spooler is stop pending", {"serviceName": "Spooler", "status": "STOPPENDING"}),
    ("srvc_resource_usage_ctx", {"serviceName": "SQL", "sample": 93.5, "type": "MEMORY"}, "service", "SQL", "Service SQL: memory usage is 93.5 %", {"serviceName": "SQL", "type": "MEMORY"}),
    ("process_status_ctx", {"processName": "a.exe", "status": "STOPPED"}, "process", "a.exe", "Process a.exe is stopped", {"processName": "a.exe", "status": "STOPPED"}),
    ("status_ctx", {"processName": "a.exe"}, "process", "a.exe", "Process a.exe changed its status", {"processName": "a.exe"}),
    ("process_resource_usage_ctx", {"processName": "a.exe", "sample": "80", "type": "CPU"}, "process", "a.exe", "Process a.exe: CPU usage is 80 %", {"processName": "a.exe", "type": "CPU"}),
    ("resource_usage_ctx", {"processName": "a", "sample": 55, "type": "TEMPERATURE"}, "process", "a", "Process a: temperature usage is 55", {"processName": "a", "type": "TEMPERATURE"}),
    ("antivirus_ctx", {"productName": "Defender", "status": "RUNNINGNOTUPTODATE"}, "antivirus", "Defender", "Defender is running but not up to date", {"productName": "Defender"}),
    ("patch_ctx", {"policyUid": "p", "result": "-2145124329", "info": "KB5 failed"}, "patch", "", "Patch: KB5 failed - 0x80240017 (the update does not apply)", {"policyUid": "p"}),
    ("patch_ctx", {"result": "0x80070643", "info": "failed (0x80070643)"}, "patch", "", "Patch failed: failed (0x80070643)", {}),
    ("perf_mon_ctx", {"value": 12.0}, "performance", "", "Performance counter is out of range: 12", {}),
    ("windows_performance_ctx", {}, "performance", "", "Performance counter is out of range", {}),
    ("fs_object_ctx", {"path": "C:\\x.log", "sample": 5000.5, "threshold": 4096.0, "condition": "ABOVE_THRESHOLD", "objectType": None}, "file_size", "C:\\x.log", "C:\\x.log: size 5000.5 above threshold 4096", {"path": "C:\\x.log", "condition": "ABOVE_THRESHOLD"}),
    ("filesystem_ctx", {"path": "/x", "condition": "REMOVED"}, "file_size", "/x", "/x was removed", {"path": "/x", "condition": "REMOVED"}),
    ("ping_ctx", {"instanceName": "8.8.8.8", "roundtripTime": 900, "reasons": ["Timeout"]}, "ping", "8.8.8.8", "Ping to 8.8.8.8: 900 ms, Timeout", {"instanceName": "8.8.8.8"}),
    ("wmi_ctx", {"value": "Degraded"}, "wmi", "", "WMI query returned: Degraded", {}),
    ("custom_snmp_ctx", {"displayName": "Tray", "monitorInstance": "2", "currentValue": "empty"}, "snmp", "Tray", "Tray: empty", {"monitorInstance": "2", "displayName": "Tray"}),
    ("snmp_probe_ctx", {"OID": "1.3", "oid": "1.3", "ruleName": "Load", "ipAddress": "10.0.0.1", "responseValue": "9"}, "snmp", "Load", "Load on 10.0.0.1: 9", {"oid": "1.3", "ruleName": "Load", "ipAddress": "10.0.0.1"}),
    ("sw_action_ctx", {"packageName": "AnyDesk", "actionType": "INSTALLED", "version": "8"}, "software", "AnyDesk", "AnyDesk was installed (8)", {"packageName": "AnyDesk", "actionType": "INSTALLED"}),
    ("action_ctx", {"packageName": "A", "actionType": "VERSION_CHANGED", "prevVersion": "1", "version": "2"}, "software", "A", "A changed version from 1 to 2", {"packageName": "A", "actionType": "VERSION_CHANGED"}),
    ("sec_management_ctx", {"productName": "Webroot", "status": 2, "virusName": "EICAR", "infectedFiles": ["a", "b"]}, "security_management", "Webroot", "Webroot found EICAR: a, b", {"productName": "Webroot", "status": "2"}),
    ("security_management_ctx", {"productNotUpdatedForDays": 9}, "security_management", "", "Security product: not updated for 9 days", {}),
    ("endpoint_security_threat_ctx", {"esAlertId": "e1", "description": "bad"}, "threat_detection", "", "bad", {"esAlertId": "e1"}),
    ("endpoint_security_windows_defender_ctx", {"esAlertId": "e1"}, "windows_defender", "", "Endpoint security found a threat", {"esAlertId": "e1"}),
    ("ransomware_ctx", {"state": 1, "rwextension": ".lock", "affectedDirectories": ["C:\\a"]}, "ransomware", "", "Ransomware activity (files renamed to .lock) in C:\\a", {"state": "1"}),
    ("disk_health_ctx", {"type": "DISKHEALTH", "reason": "predicted failure"}, "esxi_disk_health", "", "Disk health: predicted failure", {"type": "DISKHEALTH", "reason": "predicted failure"}),
    ("fan_ctx", {"type": "FAN"}, "esxi_fan", "", "Fan: out of order", {"type": "FAN"}),
    ("psu_ctx", {"type": "PSU", "reason": "no input"}, "esxi_psu", "", "Power supply: no input", {"type": "PSU", "reason": "no input"}),
    ("temperature_ctx", {"type": "TEMPERATURE", "degree": 81.0}, "esxi_temperature", "", "Temperature is 81 degrees", {"type": "TEMPERATURE"}),
    ("backup_management_ctx", {"errorMessage": "Job 17 failed at 03:15", "timeout": 5}, "backup", "", "Backup failed: Job 17 failed at 03:15", {"errorMessage": "Job # failed at #:#"}),
    ("network_monitor_ctx", {"description": "down"}, "network", "", "down", {}),
    ("printer_ctx", {"markerSupplyIndex": 2, "currentLevel": 5}, "printer", "Supply 2", "Printer supply 2 is at 5", {"markerSupplyIndex": "2"}),
    ("seccenter_ctx", {"productName": "X", "alertType": "NOT_UPTODATE"}, "security_center", "X", "X is not up to date", {"alertType": "NOT_UPTODATE", "productName": "X"}),
    ("brand_new_ctx", {"message": "hello", "n": 4}, "other", "", "hello", {"fields": "message,n"}),
    ("brand_new_ctx", {"level": "3", "n": 4.5, "list": [1]}, "other", "", "level 3, n 4.5", {"fields": "level,list,n"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fields", "monitor_type", "label", "summary", "stable"), CASES)
def test_describes(name, fields, monitor_type, label, summary, stable):
    found = describe_context({"@class": name, **fields})
    assert found.class_name == name
    assert found.monitor_type == monitor_type
    assert found.monitor_label == MONITOR_TYPES[monitor_type]
    assert found.object_label == label
    assert found.summary == summary
    assert found.stable == stable
    assert found.is_known is (monitor_type != "other")


def test_every_known_class_has_a_case():
    assert {case[0] for case in CASES} - {"brand_new_ctx"} == set(CONTEXT_KINDS)


def test_facts_are_labelled_ordered_and_formatted():
    context = {
        "@class": "perf_disk_usage_ctx",
        "totalVolume": 248e6,
        "freeSpace": "odd",
        "diskName": "C:",
        "extra": True,
        "nothing": None,
    }
    assert describe_context(context).facts == [
        ("Disk", "C:"),
        ("Free", "odd"),
        ("Size", "237 GB"),
        ("extra", "yes"),
    ]
    eventlog = {"@class": "eventlog_ctx", "lastTriggered": 1787652000000, "causedSuspension": False}
    assert describe_context(eventlog).facts == [
        ("Last seen", "2026-08-25 10:00 UTC"),
        ("Monitor suspended", "no"),
    ]


@pytest.mark.parametrize("context", [None, {}, {"@class": None}, {"@class": 5}])
def test_without_a_class(context):
    found = describe_context(context)
    assert (found.monitor_type, found.is_known) == ("other", False)
    assert found.summary in {"Alert without details", "Alert"}


def test_the_class_is_found_in_any_case():
    assert describe_context({"@class": " Ping_CTX "}).monitor_type == "ping"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(
    {name for kind in CONTEXT_KINDS.values() for name in (*kind.stable, *kind.volatile, *kind.object_fields)}
)


@given(
    st.sampled_from([*CONTEXT_KINDS, "unheard_of_ctx"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8),
)
def test_never_fails_and_stays_one_line_whatever_comes(name, fields):
    found = describe_context({"@class": name, **fields})
    texts = [found.summary, found.object_label, *found.stable.values(), *(text for _, text in found.facts)]
    assert found.summary
    assert all(text.isprintable() for text in texts)
    assert all(len(text) < 1000 for text in texts)


@given(st.sampled_from(sorted(CONTEXT_KINDS)), st.data())
def test_volatile_values_never_touch_what_is_stable(name, data):
    kind = CONTEXT_KINDS[name]
    before = {"@class": name, **dict.fromkeys(kind.stable, "a")}
    numbers = st.floats(allow_nan=False) | st.integers() | st.text(max_size=5)
    first, second = (
        before | {field: data.draw(numbers) for field in kind.volatile if field != "samples"}
        for _ in range(2)
    )
    assert describe_context(first).stable == describe_context(second).stable


def test_units():
    assert [as_size(n) for n in (0, 512, 1536, 9.7e6, 1.5e9, 3e12, None, "x")] == [
        "0 KB", "512 KB", "1.5 MB", "9.3 GB", "1.4 TB", "2.7 PB", "", "",
    ]  # fmt: skip
    assert [as_number(n) for n in (1.0, 1.234, "7.50", "x", None, float("nan"), True)] == [
        "1",
        "1.23",
        "7.5",
        "x",
        "",
        "",
        "yes",
    ]
    assert as_moment("soon") == as_moment(None) == ""
    assert as_text("x" * 500) == "x" * 299 + "…"
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    assert as_text(deep) == "…"
