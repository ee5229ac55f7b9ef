"""Monitor types, and one row of ticket defaults for all of them and for each, with a line per priority."""

from django.db import migrations

#: (slug, name, context classes, is security, is legacy) as of the first release. What came later is added after each
#: migration by `tickets.services.defaults.ensure_rows`; this list never changes.
MONITOR_TYPES = [
    ("antivirus", "Antivirus Status", ["antivirus_ctx"], True, False),
    ("component", "Component", ["comp_script_ctx"], False, False),
    ("cpu", "CPU", ["perf_resource_usage_ctx"], False, False),
    ("datto_continuity", "Datto Continuity", [], False, False),
    ("disk_usage", "Disk Usage", ["perf_disk_usage_ctx", "disk_usage_ctx"], False, False),
    ("esxi_data_store", "ESXi Data Store", [], False, False),
    ("esxi_disk_health", "ESXi Disk Health", ["disk_health_ctx"], False, False),
    ("esxi_fan", "ESXi Fan", ["fan_ctx"], False, False),
    ("esxi_psu", "ESXi PSU", ["psu_ctx"], False, False),
    ("esxi_temperature", "ESXi Temperature", ["temperature_ctx"], False, False),
    ("event_log", "Event Log", ["eventlog_ctx"], False, False),
    ("file_size", "File/Folder Size", ["fs_object_ctx", "filesystem_ctx"], False, False),
    ("memory", "Memory", ["perf_resource_usage_ctx"], False, False),
    ("online_status", "Online Status", ["online_offline_status_ctx"], False, False),
    ("patch", "Patch", ["patch_ctx"], False, False),
    ("ping", "Ping", ["ping_ctx"], False, False),
    (
        "process",
        "Process",
        ["process_status_ctx", "process_resource_usage_ctx", "status_ctx", "resource_usage_ctx"],
        False,
        False,
    ),
    ("ransomware", "Ransomware", ["ransomware_ctx"], True, False),
    ("service", "Service", ["srvc_status_ctx", "srvc_resource_usage_ctx"], False, False),
    ("snmp", "SNMP", ["custom_snmp_ctx", "snmp_probe_ctx"], False, False),
    ("snmp_throughput", "SNMP Throughput", ["perf_resource_usage_ctx"], False, False),
    ("software", "Software", ["sw_action_ctx", "action_ctx"], False, False),
    ("threat_detection", "Threat Detection", ["endpoint_security_threat_ctx"], True, False),
    (
        "windows_defender",
        "Windows Defender Antivirus",
        ["endpoint_security_windows_defender_ctx"],
        True,
        False,
    ),
    ("performance", "Windows Performance", ["perf_mon_ctx", "windows_performance_ctx"], False, False),
    ("wmi", "WMI", ["wmi_ctx"], False, False),
    ("security_center", "Windows Security Center", ["seccenter_ctx"], True, True),
    (
        "security_management",
        "Security Management",
        ["sec_management_ctx", "security_management_ctx"],
        True,
        True,
    ),
    ("printer", "Printer Supplies", ["printer_ctx"], False, True),
    ("network", "Network Monitor", ["network_monitor_ctx"], False, True),
    ("backup", "Backup Management", ["backup_management_ctx"], False, True),
    ("resource", "Resource Usage", ["perf_resource_usage_ctx"], False, False),
    ("other", "Other", [], False, False),
]
PRIORITIES = ["Critical", "High", "Moderate", "Low", "Information", "Unknown"]


def seed(apps, schema_editor):
    """Create what is missing; safe to repeat."""
    MonitorType = apps.get_model("tickets", "MonitorType")
    TicketDefaults = apps.get_model("tickets", "TicketDefaults")
    PriorityDefaults = apps.get_model("tickets", "PriorityDefaults")
    using = schema_editor.connection.alias
    rows = [TicketDefaults.objects.using(using).get_or_create(pk=1, defaults={"monitor_type": None})[0]]
    for position, (slug, name, classes, is_security, is_legacy) in enumerate(MONITOR_TYPES, start=1):
        monitor_type, _ = MonitorType.objects.using(using).update_or_create(
            slug=slug,
            defaults={
                "name": name,
                "context_classes": classes,
                "is_security": is_security,
                "is_legacy": is_legacy,
                "position": position,
            },
        )
        # The id is given, because PostgreSQL's sequence does not know of row 1.
        row = TicketDefaults.objects.using(using).filter(monitor_type=monitor_type).first()
        if row is None:
            row = TicketDefaults.objects.using(using).create(pk=position + 1, monitor_type=monitor_type)
        rows.append(row)
    PriorityDefaults.objects.using(using).bulk_create(
        [
            PriorityDefaults(defaults_id=row.pk, alert_priority=priority)
            for row in rows
            for priority in PRIORITIES
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
