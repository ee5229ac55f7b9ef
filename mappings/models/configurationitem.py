"""Mirrors of Autotask's configuration items and of what describes them."""

from __future__ import annotations

from django.db import models

from mappings.models.autotask import Company
from mappings.models.datto import Device


class Product(models.Model):
    """A product of Autotask's catalogue; a configuration item cannot exist without one."""

    autotask_product_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=1000)
    is_active = models.BooleanField(default=True)
    default_autotask_category_id = models.BigIntegerField(null=True, blank=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name if self.is_active else f"{self.name} (inactive)"


class ConfigurationItemType(models.Model):
    """An Autotask configuration item type, such as "Server"."""

    autotask_type_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name if self.is_active else f"{self.name} (inactive)"


class ConfigurationItemCategory(models.Model):
    """An Autotask configuration item category; it decides which UDFs an item has."""

    autotask_category_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)
    is_global_default = models.BooleanField(default=False)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "configuration item categories"

    def __str__(self) -> str:
        return self.name if self.is_active else f"{self.name} (inactive)"


class UdfDefinition(models.Model):
    """A user-defined field of Autotask's configuration items."""

    class DataType(models.TextChoices):
        """What its values are; they always travel as text."""

        TEXT = "text", "Text"
        LONG_TEXT = "long_text", "Long text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        LIST = "list", "List"
        BOOLEAN = "boolean", "Yes or no"
        UNKNOWN = "unknown", "Unknown"

    autotask_udf_id = models.BigIntegerField("Autotask id", unique=True)
    name = models.CharField(max_length=100, help_text="As records carry it: case and blanks count.")
    label = models.CharField(max_length=100, blank=True)
    data_type = models.CharField(max_length=10, choices=DataType, default=DataType.TEXT)
    max_length = models.PositiveIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_required = models.BooleanField(default=False)
    is_protected = models.BooleanField(
        default=False, help_text="Needs the API user's Protected Data permission; else it reads as asterisks."
    )
    list_values = models.JSONField(
        default=list, blank=True, help_text="Of a list: [{value, label, is_active}]; records carry the value."
    )
    categories = models.ManyToManyField(
        ConfigurationItemCategory, through="UdfAssociation", related_name="udf_definitions"
    )
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        verbose_name = "user-defined field"

    def __str__(self) -> str:
        return self.name if self.is_active else f"{self.name} (inactive)"


class UdfAssociation(models.Model):
    """A category that shows a UDF; items of other categories do not have it."""

    autotask_association_id = models.BigIntegerField("Autotask id", unique=True)
    udf = models.ForeignKey(UdfDefinition, on_delete=models.CASCADE, related_name="associations")
    category = models.ForeignKey(
        ConfigurationItemCategory, on_delete=models.CASCADE, related_name="udf_associations"
    )
    is_required = models.BooleanField(default=False)
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["category__name", "udf__name"]
        verbose_name = "UDF of a category"
        verbose_name_plural = "UDFs of categories"

    def __str__(self) -> str:
        return f"{self.udf} in {self.category}"


class ConfigurationItem(models.Model):
    """A device as Autotask holds it. Foreign ids are kept as numbers: what they point at may not be mirrored."""

    autotask_configuration_item_id = models.BigIntegerField("Autotask id", unique=True)
    autotask_company_id = models.BigIntegerField(db_index=True)
    company = models.ForeignKey(
        Company,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="configuration_items",
        verbose_name="organization",
    )
    reference_title = models.CharField("name", max_length=200, blank=True)
    reference_number = models.CharField(max_length=100, blank=True)
    serial_number = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    is_missing = models.BooleanField(default=False, help_text="No longer returned by Autotask.")
    autotask_product_id = models.BigIntegerField(null=True, blank=True)
    autotask_type_id = models.BigIntegerField(null=True, blank=True)
    autotask_category_id = models.BigIntegerField(null=True, blank=True)
    autotask_location_id = models.BigIntegerField(null=True, blank=True)
    autotask_contact_id = models.BigIntegerField(null=True, blank=True)
    autotask_contract_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    autotask_contract_service_id = models.BigIntegerField(null=True, blank=True)
    autotask_contract_service_bundle_id = models.BigIntegerField(null=True, blank=True)
    install_date = models.DateField(null=True, blank=True)
    warranty_date = models.DateField(null=True, blank=True)
    location = models.CharField(max_length=100, blank=True)
    rmm_device_uid = models.CharField(
        max_length=255, blank=True, help_text="Left by Datto's own integration; nobody else can write it."
    )
    rmm_device_id = models.BigIntegerField(null=True, blank=True)
    rmm_hostname = models.CharField(max_length=255, blank=True)
    rmm_mac_address = models.CharField(max_length=255, blank=True)
    udfs = models.JSONField(
        default=dict, blank=True, help_text="{name: text or null}, as Autotask holds them."
    )
    created_at = models.DateTimeField(null=True, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True, help_text="When Autotask last changed it.")
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["reference_title", "autotask_configuration_item_id"]
        indexes = [
            models.Index(
                fields=["reference_title", "autotask_configuration_item_id"], name="mappings_item_listed"
            )
        ]

    def __str__(self) -> str:
        return (
            self.reference_title
            or self.rmm_hostname
            or self.serial_number
            or f"Configuration item {self.autotask_configuration_item_id}"
        )


class IdentityKind(models.TextChoices):
    """What can tell that a device and a configuration item are the same machine."""

    UID = "uid", "Device uid"
    SERIAL = "serial", "Serial number"
    MAC = "mac", "MAC address"
    HOSTNAME = "hostname", "Host name"


class ConfigurationItemKey(models.Model):
    """One value by which a configuration item can be found, made comparable; several per item."""

    configuration_item = models.ForeignKey(ConfigurationItem, on_delete=models.CASCADE, related_name="keys")
    kind = models.CharField(max_length=10, choices=IdentityKind)
    value = models.CharField(max_length=255)

    class Meta:
        indexes = [models.Index(fields=["kind", "value"], name="mappings_itemkey_value")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"


class DeviceKey(models.Model):
    """One value by which a device can be found, made comparable; several per device."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="keys")
    kind = models.CharField(max_length=10, choices=IdentityKind)
    value = models.CharField(max_length=255)

    class Meta:
        indexes = [models.Index(fields=["kind", "value"], name="mappings_devicekey_value")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"
