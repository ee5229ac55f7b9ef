"""What we know of a device beyond Datto RMM's list: its audit, and the configuration item it stands for."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from mappings.models.configurationitem import ConfigurationItem, UdfDefinition
from mappings.models.datto import Device


class DeviceAudit(models.Model):
    """The last audit of a device. Serial number, model and MAC addresses exist nowhere else."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="audit")
    audited_at = models.DateTimeField(
        null=True, blank=True, help_text="Datto RMM's lastAuditDate that this was read for."
    )
    read_at = models.DateTimeField(null=True, blank=True)
    serial_number = models.CharField(max_length=255, blank=True)
    manufacturer = models.CharField(max_length=255, blank=True)
    model = models.CharField(max_length=255, blank=True)
    mac_addresses = models.JSONField(
        default=list, blank=True, help_text="[{mac, name, type}] of all adapters."
    )
    memory_bytes = models.BigIntegerField(null=True, blank=True)
    storage_bytes = models.BigIntegerField(null=True, blank=True)
    free_bytes = models.BigIntegerField(null=True, blank=True)
    disks = models.CharField(max_length=1000, blank=True)
    processor = models.CharField(max_length=255, blank=True)
    cpu_cores = models.PositiveIntegerField(null=True, blank=True)
    motherboard = models.CharField(max_length=255, blank=True)
    bios_version = models.CharField(max_length=255, blank=True)
    display_adapter = models.CharField(max_length=255, blank=True)
    snmp_name = models.CharField(max_length=255, blank=True)
    snmp_location = models.CharField(max_length=255, blank=True)
    guests = models.JSONField(
        default=list, blank=True, help_text="Names of the virtual machines of an ESXi host."
    )
    error = models.CharField(max_length=500, blank=True, help_text="Why the last read failed.")
    retry_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["device"]

    def __str__(self) -> str:
        return f"Audit of {self.device}"


class DeviceLink(models.Model):
    """Which configuration item a device stands for, and why. One item belongs to at most one device."""

    class State(models.TextChoices):
        """Where the device stands."""

        NEW = "new", "Not looked at yet"
        LINKED = "linked", "Linked"
        PENDING = "pending", "Will be created"
        AMBIGUOUS = "ambiguous", "Several fit"
        MOVED = "moved", "At the wrong organization"
        UNMAPPED = "unmapped", "Site has no organization"
        EXCLUDED = "excluded", "Not synchronised"
        FAILED = "failed", "Failed"
        GONE = "gone", "Gone from Datto RMM"

    class Basis(models.TextChoices):
        """What the link rests on, from sure to unsure."""

        NONE = "", "-"
        CREATED = "created", "Created by us"
        UID = "uid", "Device uid"
        SERIAL = "serial", "Serial number"
        MAC = "mac", "MAC address"
        HOSTNAME = "hostname", "Host name"
        PERSON = "person", "Chosen by a person"

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="link")
    configuration_item = models.OneToOneField(
        ConfigurationItem, null=True, blank=True, on_delete=models.SET_NULL, related_name="device_link"
    )
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    basis = models.CharField(max_length=10, choices=Basis, default=Basis.NONE, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text="In words.")
    linked_at = models.DateTimeField(null=True, blank=True)
    planned_at = models.DateTimeField(null=True, blank=True, help_text="When it was last compared.")
    volatile_written_on = models.DateField(
        null=True, blank=True, help_text="Day on which fields that change all the time were last written."
    )
    applied_type = models.JSONField(
        default=dict,
        blank=True,
        help_text="{product, type, category} as the type rule last gave them; a person's later choice stays.",
    )
    user_history = models.JSONField(
        default=list, blank=True, help_text="[[ISO date, user]] at each change of the last logged-in user."
    )

    class Meta:
        ordering = ["device"]
        indexes = [models.Index(fields=["state"], name="mappings_devicelink_state")]

    def __str__(self) -> str:
        return f"{self.device} → {self.configuration_item or '?'}"


class AnotherMachine(models.Model):
    """A person's word that a device is another machine than a configuration item with its serial number stands for."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="told_apart")
    configuration_item = models.ForeignKey(
        ConfigurationItem, on_delete=models.CASCADE, related_name="told_apart"
    )
    said_at = models.DateTimeField()
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["device", "configuration_item"]
        verbose_name = "device told apart"
        verbose_name_plural = "devices told apart"
        constraints = [
            models.UniqueConstraint(
                fields=["device", "configuration_item"], name="mappings_anothermachine_pair"
            )
        ]

    def __str__(self) -> str:
        return f"{self.device} is another machine than {self.configuration_item}"


class DevicePolicy(models.Model):
    """How devices become configuration items; a single row with id 1."""

    SINGLETON_ID: ClassVar[int] = 1

    class WhenDeleted(models.TextChoices):
        """What happens to the item of a device that was deleted in Datto RMM."""

        DEACTIVATE = "deactivate", "Deactivate the configuration item"
        END_BILLING = "end_billing", "Deactivate it and take it off its contract"
        TICKET = "ticket", "Open a ticket and leave it"
        LEAVE = "leave", "Leave it"

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON_ID, editable=False)
    is_writing = models.BooleanField(
        "write to Autotask",
        default=True,
        help_text="Off: every device run is a preview; nothing is written to Autotask.",
    )
    creates_items = models.BooleanField("create missing configuration items", default=True)
    includes_on_demand = models.BooleanField(
        "include On-Demand sites", default=True, help_text="Their agents check in about once a week."
    )
    when_deleted = models.CharField(max_length=12, choices=WhenDeleted, default=WhenDeleted.DEACTIVATE)
    deleted_grace_days = models.PositiveSmallIntegerField(
        "days to wait after deletion", default=0, help_text="A returning agent within them changes nothing."
    )
    volatile_hours = models.PositiveSmallIntegerField(
        "hours between writes of changing values",
        default=24,
        help_text="Last seen, free space, last user, patches.",
    )
    guard_share_percent = models.PositiveSmallIntegerField(
        "ask before changing more than (%)",
        default=20,
        help_text="Of the linked configuration items, for changes and deactivations in one run. New ones do not count.",
    )
    guard_always = models.PositiveSmallIntegerField(
        "never ask up to", default=25, help_text="Changes that are always allowed."
    )
    uid_udf = models.ForeignKey(
        UdfDefinition,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="UDF with the device uid",
        help_text="Besides the reference number. Lets workflow rules and reports use it.",
    )
    review_udf = models.ForeignKey(
        UdfDefinition,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="UDF with the review state",
        help_text="Autotask's own 'Reviewed for contract' cannot be written through its API.",
    )
    proposes_contacts = models.BooleanField("propose contacts from the last user", default=True)
    contact_days = models.PositiveSmallIntegerField("days looked back for the last user", default=14)
    contact_share_percent = models.PositiveSmallIntegerField("majority needed (%)", default=60)
    adjusts_units = models.BooleanField(
        "may adjust contract units",
        default=False,
        help_text="Lets a person write units from the reconciliation.",
    )

    class Meta:
        verbose_name = "device policy"
        verbose_name_plural = "device policy"

    def __str__(self) -> str:
        return "Device policy"
