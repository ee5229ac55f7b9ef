"""Mirrors of Autotask's contracts, their services and the units billed."""

from __future__ import annotations

from django.db import models

from mappings.models.autotask import Company


class ServiceKind(models.TextChoices):
    """What a recurring-service contract sells."""

    SERVICE = "service", "Service"
    BUNDLE = "bundle", "Service bundle"


class CatalogueService(models.Model):
    """A service or service bundle of Autotask's catalogue."""

    kind = models.CharField(max_length=10, choices=ServiceKind)
    autotask_service_id = models.BigIntegerField("Autotask id", help_text="Of the service or the bundle.")
    name = models.CharField(max_length=150)
    is_active = models.BooleanField(default=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        verbose_name = "service"
        constraints = [
            models.UniqueConstraint(fields=["kind", "autotask_service_id"], name="mappings_service_once")
        ]

    def __str__(self) -> str:
        name = self.name if self.kind == ServiceKind.SERVICE else f"{self.name} (bundle)"
        return name if self.is_active else f"{name} (inactive)"


class Contract(models.Model):
    """A contract of a company."""

    autotask_contract_id = models.BigIntegerField("Autotask id", unique=True)
    company = models.ForeignKey(
        Company, on_delete=models.CASCADE, related_name="contracts", verbose_name="organization"
    )
    name = models.CharField(max_length=100)
    number = models.CharField(max_length=50, blank=True)
    contract_type = models.IntegerField(null=True, blank=True, help_text="7 is a recurring service contract.")
    is_active = models.BooleanField(default=True, help_text="Its status in Autotask.")
    is_missing = models.BooleanField(default=False, help_text="No longer returned by Autotask.")
    is_default = models.BooleanField(default=False)
    start_date = models.DateField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["company__name", "name"]

    def __str__(self) -> str:
        return self.name if self.is_active else f"{self.name} (inactive)"


class ContractService(models.Model):
    """A service or bundle that a contract sells; configuration items are billed on it."""

    kind = models.CharField(max_length=10, choices=ServiceKind)
    autotask_contract_service_id = models.BigIntegerField("Autotask id")
    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="services")
    service = models.ForeignKey(
        CatalogueService, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=150, blank=True)
    is_missing = models.BooleanField(default=False, help_text="No longer returned by Autotask.")
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["contract", "name"]
        verbose_name = "service of a contract"
        verbose_name_plural = "services of contracts"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "autotask_contract_service_id"], name="mappings_contractservice_once"
            )
        ]

    def __str__(self) -> str:
        return self.name or f"Service {self.autotask_contract_service_id}"


class ContractUnits(models.Model):
    """Units billed of one contract service in one period."""

    kind = models.CharField(max_length=10, choices=ServiceKind)
    autotask_units_id = models.BigIntegerField("Autotask id")
    contract_service = models.ForeignKey(ContractService, on_delete=models.CASCADE, related_name="units")
    units = models.IntegerField()
    unit_price = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["contract_service", "start_date"]
        verbose_name = "contract units"
        verbose_name_plural = "contract units"
        constraints = [
            models.UniqueConstraint(fields=["kind", "autotask_units_id"], name="mappings_units_once")
        ]

    def __str__(self) -> str:
        return f"{self.units} from {self.start_date}"
