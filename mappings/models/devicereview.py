"""What waits for a person about devices: contract reviews and findings."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mappings.models.autotask import Company, Contact
from mappings.models.configurationitem import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
    UdfDefinition,
)
from mappings.models.contract import CatalogueService, Contract, ContractService
from mappings.models.datto import Device, Site


class ContractRule(models.Model):
    """Proposes contract, service and contact for devices; the first rule that fits wins."""

    class UdfOperator(models.TextChoices):
        """How a UDF's value is compared."""

        EQUALS = "equals", "is"
        CONTAINS = "contains", "contains"
        MATCHES = "matches", "matches the pattern"
        IS_EMPTY = "is_empty", "is empty"
        NOT_EMPTY = "not_empty", "is not empty"

    class Outcome(models.TextChoices):
        """What a fitting device gets."""

        ASSIGN = "assign", "A contract"
        NO_CONTRACT = "no_contract", "No contract"

    class ContractChoice(models.TextChoices):
        """Which contract of the device's organization."""

        ONLY_ACTIVE = "only_active", "The only active recurring service contract"
        DEFAULT = "default", "The organization's default contract"
        SITE = "site", "The default contract of the site's mapping"
        NAMED = "named", "The one whose name contains"
        SPECIFIC = "specific", "This one"

    class ContactChoice(models.TextChoices):
        """Which contact."""

        KEEP = "keep", "Leave as it is"
        LAST_USER = "last_user", "From the last logged-in user"
        PRIMARY = "primary", "The organization's primary contact"
        SITE = "site", "The default contact of the site's mapping"
        NONE = "none", "None"

    position = models.PositiveIntegerField(default=0, db_index=True)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)
    company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name="organization",
    )
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    device_class = models.CharField("class", max_length=40, blank=True)
    datto_category = models.CharField("category", max_length=100, blank=True)
    configuration_item_type = models.ForeignKey(
        ConfigurationItemType, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    configuration_item_category = models.ForeignKey(
        ConfigurationItemCategory, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    udf = models.ForeignKey(
        UdfDefinition, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name="UDF"
    )
    udf_operator = models.CharField(
        "UDF condition", max_length=10, choices=UdfOperator, default=UdfOperator.EQUALS
    )
    udf_value = models.CharField("UDF value", max_length=255, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.ASSIGN)
    contract_choice = models.CharField(
        "contract", max_length=12, choices=ContractChoice, default=ContractChoice.ONLY_ACTIVE
    )
    contract_name = models.CharField("name contains", max_length=100, blank=True)
    contract = models.ForeignKey(
        Contract,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name="this contract",
    )
    service = models.ForeignKey(
        CatalogueService,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name="service or bundle",
        help_text="On which the device is billed; must be part of the contract.",
    )
    contact_choice = models.CharField(
        "contact", max_length=10, choices=ContactChoice, default=ContactChoice.LAST_USER
    )
    no_contract_reason = models.CharField(max_length=200, blank=True)
    is_automatic = models.BooleanField(
        "apply without asking", default=False, help_text="Else it only proposes, in the review queue."
    )

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class DeviceReview(models.Model):
    """Whether a person has decided a device's contract. Autotask's own flag cannot be reached by its API."""

    class Cause(models.TextChoices):
        """Why it is in the queue."""

        NEW = "new", "New"
        MOVED = "moved", "Moved"
        RETYPED = "retyped", "Type changed"
        RETURNED = "returned", "Came back"
        CONTRACT_ENDED = "contract_ended", "Contract ended"
        PERSON = "person", "Sent back by a person"

    class State(models.TextChoices):
        """Where the decision stands."""

        OPEN = "open", "To review"
        MAPPED = "mapped", "Reviewed"
        NO_CONTRACT = "no_contract", "Reviewed, no contract"
        SNOOZED = "snoozed", "Later"

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="review")
    cause = models.CharField(max_length=16, choices=Cause, default=Cause.NEW)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    snoozed_until = models.DateField(null=True, blank=True)
    rule = models.ForeignKey(ContractRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    proposed_outcome = models.CharField(max_length=12, choices=ContractRule.Outcome, blank=True)
    proposed_contract = models.ForeignKey(
        Contract, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    proposed_service = models.ForeignKey(
        ContractService, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    proposed_contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    proposal_reason = models.CharField(max_length=500, blank=True)
    contract = models.ForeignKey(Contract, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    service = models.ForeignKey(
        ContractService, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=500, blank=True, help_text="Why there is no contract.")
    opened_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["opened_at", "id"]
        verbose_name = "device to review"
        verbose_name_plural = "devices to review"
        indexes = [models.Index(fields=["state", "cause"], name="mappings_review_state")]

    def __str__(self) -> str:
        return f"{self.device}: {self.get_state_display()}"


class DeviceFinding(models.Model):
    """A drift between both systems that a person should look at; ends by itself when it is no longer true."""

    class Kind(models.TextChoices):
        """What is not as it should be."""

        AMBIGUOUS = "ambiguous", "Several configuration items fit"
        SHARED = "shared", "Several devices fit one configuration item"
        MOVED = "moved", "Moved to another organization"
        ELSEWHERE = "elsewhere", "Serial number stands at another organization"
        DUPLICATE = "duplicate", "Two configuration items for one device"
        ITEM_WITHOUT_DEVICE = "item_without_device", "Configuration item without device"
        DEVICE_DELETED = "device_deleted", "Device deleted, configuration item active"
        RETURNED = "returned", "Came back as a new device"
        ITEM_GONE = "item_gone", "Configuration item vanished"
        ITEM_INACTIVE = "item_inactive", "Configuration item was deactivated in Autotask"

    class State(models.TextChoices):
        """Whether it still needs somebody."""

        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"
        DISMISSED = "dismissed", "Left as it is"

    key = models.CharField(
        max_length=160, unique=True, help_text="Kind and ids, so that one drift is one row."
    )
    kind = models.CharField(max_length=24, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.CASCADE, related_name="findings"
    )
    configuration_item = models.ForeignKey(
        ConfigurationItem, null=True, blank=True, on_delete=models.CASCADE, related_name="findings"
    )
    summary = models.CharField(max_length=500)
    detail = models.JSONField(default=dict, blank=True, help_text="Candidates and facts the screen shows.")
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    resolution = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-found_at", "-id"]
        verbose_name = "drift"
        verbose_name_plural = "drift"
        indexes = [models.Index(fields=["state", "kind"], name="mappings_finding_state")]

    def __str__(self) -> str:
        return self.summary
