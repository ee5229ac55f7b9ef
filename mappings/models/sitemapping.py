"""Which company a Datto RMM site belongs to."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from mappings.models.autotask import Company, CompanyLocation, Contact, PicklistValue
from mappings.models.contract import Contract
from mappings.models.datto import Site


class SiteMapping(models.Model):
    """The decision for one site; every site has exactly one row. Ids lead, names are labels."""

    class State(models.TextChoices):
        """Where the decision stands. Only `confirmed` and `renamed` let tickets through."""

        UNMAPPED = "unmapped", "No proposal"
        PROPOSED = "proposed", "Proposed"
        CONFIRMED = "confirmed", "Confirmed"
        IGNORED = "ignored", "Ignored"
        CONFLICT = "conflict", "Several fit"
        COMPANY_INACTIVE = "company_inactive", "Organization inactive"
        COMPANY_MISSING = "company_missing", "Organization missing"
        RENAMED = "renamed", "Renamed since confirmed"

    class Source(models.TextChoices):
        """How the company was found."""

        NONE = "", "-"
        NATIVE = "native", "Linked in Datto RMM"
        EXACT = "exact", "Same name"
        SIMILAR = "similar", "Similar name"
        ADDRESS = "address", "Same external address"
        EMAIL = "email", "Same e-mail domain"
        MANUAL = "manual", "Chosen by a person"
        CREATED = "created", "Created from here"
        CSV = "csv", "Imported"

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="mapping")
    company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="site_mappings",
        verbose_name="organization",
    )
    company_location = models.ForeignKey(
        CompanyLocation,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="location",
        help_text="Put on the tickets of this site. Must belong to the organization.",
    )
    state = models.CharField(max_length=20, choices=State, default=State.UNMAPPED)
    source = models.CharField(max_length=10, choices=Source, default=Source.NONE, blank=True)
    score = models.PositiveSmallIntegerField(default=0, help_text="0 to 100.")
    reason = models.CharField(
        max_length=500, blank=True, help_text="Why this organization is proposed, in words."
    )
    candidates = models.JSONField(
        default=list, blank=True, help_text="Companies that fit: [{company_id, name, score, reason}]."
    )
    default_contact = models.ForeignKey(
        Contact,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Put on the site's tickets when nothing better is known. Must belong to the organization.",
    )
    default_contract = models.ForeignKey(
        Contract,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Proposed for the site's devices, and put on its tickets. Must belong to the organization.",
    )
    queue = models.ForeignKey(
        PicklistValue,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        limit_choices_to={"entity": "Tickets", "field": "queueID"},
        help_text="Overrides the queue of the ticket defaults.",
    )
    priority_offset = models.SmallIntegerField(
        default=0,
        validators=[MinValueValidator(-3), MaxValueValidator(3)],
        help_text="Steps by which the site's alerts count as more (+) or less (-) urgent.",
    )
    tickets_enabled = models.BooleanField("make tickets", default=True)
    devices_enabled = models.BooleanField("sync devices", default=True)
    note = models.CharField(max_length=500, blank=True)
    confirmed_site_name = models.CharField(max_length=255, blank=True, editable=False)
    confirmed_company_name = models.CharField(max_length=100, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["site__name"]
        verbose_name = "site to organization"
        verbose_name_plural = "sites to organizations"
        indexes = [models.Index(fields=["state"], name="mappings_sitemapping_state")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state__in=["confirmed", "renamed", "proposed"])
                | models.Q(company__isnull=False),
                name="mappings_sitemapping_decided_has_company",
            )
        ]

    def __str__(self) -> str:
        return f"{self.site} → {self.company or '?'}"

    @property
    def lets_tickets_through(self) -> bool:
        """True when alerts of this site may become tickets of its company."""
        return self.state in {self.State.CONFIRMED, self.State.RENAMED} and self.company_id is not None


class SiteMappingChange(models.Model):
    """One change of one mapping, for the history and for undo."""

    mapping = models.ForeignKey(SiteMapping, on_delete=models.CASCADE, related_name="changes")
    batch = models.UUIDField(
        db_index=True, help_text="Changes made by one action share it and are undone together."
    )
    before = models.JSONField()
    after = models.JSONField()
    reason = models.CharField(max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.mapping}: {self.reason}"


class MappingPolicy(models.Model):
    """What holds for all sites; a single row with id 1."""

    SINGLETON_ID: ClassVar[int] = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON_ID, editable=False)
    catch_all_company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="organization for sites without one",
        help_text="Its tickets say in their first line why they landed here. Empty: such alerts wait.",
    )

    class Meta:
        verbose_name = "mapping policy"
        verbose_name_plural = "mapping policy"

    def __str__(self) -> str:
        return "Mapping policy"
