"""Rules that turn a device into a configuration item: types and fields."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from mappings.models.configurationitem import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
    Product,
    UdfDefinition,
)
from mappings.models.datto import Device, Site

#: Datto RMM's UDFs; help pages and older clients still say 30.
DATTO_UDF_COUNT = 300


class DeviceTypeRule(models.Model):
    """What devices of one kind become. The rule that names most wins; the catch-all names nothing."""

    datto_category = models.CharField(
        "category", max_length=100, blank=True, help_text="Such as Server; empty for any."
    )
    datto_type = models.CharField(
        "type", max_length=100, blank=True, help_text="Such as Laptop; empty for any."
    )
    device_class = models.CharField(
        "class",
        max_length=40,
        blank=True,
        help_text="device, printer, esxihost, rmmnetworkdevice; empty for any.",
    )
    is_synced = models.BooleanField(
        "synchronise", default=True, help_text="Off: such devices get no configuration item."
    )
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    configuration_item_type = models.ForeignKey(
        ConfigurationItemType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    configuration_item_category = models.ForeignKey(
        ConfigurationItemCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["datto_category", "datto_type", "device_class"]
        constraints = [
            models.UniqueConstraint(
                fields=["datto_category", "datto_type", "device_class"], name="mappings_devicetype_once"
            ),
            models.CheckConstraint(
                condition=models.Q(is_synced=False) | models.Q(product__isnull=False),
                name="mappings_devicetype_has_product",
                violation_error_message="Choose a product: Autotask needs one for every configuration item.",
            ),
        ]

    def __str__(self) -> str:
        parts = [self.datto_category, self.datto_type, self.device_class]
        return " / ".join(part for part in parts if part) or "All other devices"

    @property
    def is_catch_all(self) -> bool:
        """True for the rule that names nothing."""
        return not (self.datto_category or self.datto_type or self.device_class)


class FieldMap(models.Model):
    """One value of a device and the configuration item UDF it is kept in step with."""

    class Direction(models.TextChoices):
        """Who leads."""

        TO_AUTOTASK = "to_autotask", "To Autotask"
        FROM_AUTOTASK = "from_autotask", "From Autotask"
        TWO_WAY = "two_way", "Both ways"

    class EmptyPolicy(models.TextChoices):
        """What an empty value on the leading side does."""

        KEEP = "keep", "Keep what is there"
        CLEAR = "clear", "Clear it"

    name = models.CharField(max_length=100, blank=True, help_text="For your own orientation.")
    is_active = models.BooleanField(default=True)
    datto_udf_index = models.PositiveSmallIntegerField(
        "Datto RMM UDF",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(DATTO_UDF_COUNT)],
        help_text="1 to 300; empty when a device field is the source.",
    )
    datto_field = models.CharField(
        "device field", max_length=40, blank=True, help_text="Such as model or operating_system."
    )
    udf = models.ForeignKey(
        UdfDefinition, on_delete=models.PROTECT, related_name="field_maps", verbose_name="Autotask UDF"
    )
    direction = models.CharField(max_length=14, choices=Direction, default=Direction.TO_AUTOTASK)
    transforms = models.JSONField(
        default=list, blank=True, help_text="Steps in order, such as [{'name': 'trim'}]."
    )
    empty_policy = models.CharField(max_length=5, choices=EmptyPolicy, default=EmptyPolicy.KEEP)
    is_volatile = models.BooleanField(
        "changes all the time", default=False, help_text="Written at most once a day."
    )
    device_classes = models.JSONField("only classes", default=list, blank=True, help_text="Empty for all.")
    datto_category = models.CharField("only category", max_length=100, blank=True, help_text="Empty for all.")
    sites = models.ManyToManyField(Site, blank=True, related_name="+", verbose_name="only sites")

    class Meta:
        ordering = ["udf__name", "id"]
        verbose_name = "field mapping"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(datto_udf_index__isnull=False) ^ ~models.Q(datto_field=""),
                name="mappings_fieldmap_one_source",
                violation_error_message="Choose either a Datto RMM UDF or a device field, not both.",
            ),
            models.CheckConstraint(
                condition=models.Q(datto_field="") | models.Q(direction="to_autotask"),
                name="mappings_fieldmap_fields_one_way",
                violation_error_message="Only a Datto RMM UDF can be written back; device fields go to Autotask only.",
            ),
        ]

    def __str__(self) -> str:
        source = f"UDF {self.datto_udf_index}" if self.datto_udf_index else self.datto_field.replace("_", " ")
        return f"{source} → {self.udf}"


class FieldMapValue(models.Model):
    """What both sides of a mapping last agreed on for one device; tells who changed it since."""

    field_map = models.ForeignKey(FieldMap, on_delete=models.CASCADE, related_name="values")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="field_values")
    agreed_datto = models.TextField(blank=True)
    agreed_autotask = models.TextField(blank=True)
    agreed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field_map", "device"], name="mappings_fieldvalue_once")
        ]

    def __str__(self) -> str:
        return f"{self.field_map} on {self.device}"


class FieldMapLoss(models.Model):
    """A value that was overwritten because both sides had changed it."""

    field_map = models.ForeignKey(FieldMap, on_delete=models.CASCADE, related_name="losses")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    configuration_item = models.ForeignKey(
        ConfigurationItem, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    winner = models.CharField(max_length=10, choices=[("datto_rmm", "Datto RMM"), ("autotask", "Autotask")])
    kept = models.TextField(blank=True)
    lost = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "overwritten value"

    def __str__(self) -> str:
        return f"{self.field_map} on {self.device}"
