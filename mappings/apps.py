"""Registers the app and its kinds of synchronisation."""

from django.apps import AppConfig


class MappingsConfig(AppConfig):
    """The mappings app."""

    name = "mappings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what `sync` and the "Run now" page offer."""
        from integration.sync.kinds import SyncKind, register  # noqa: PLC0415 - apps are loaded only now
        from mappings import kinds  # noqa: PLC0415 - as above

        register(
            SyncKind(
                name="reference",
                title="Organizations and pick lists",
                description="Reads Autotask's organizations, locations, contacts, pick lists, work types, resources, "
                "business hours, products and user-defined fields.",
                execute=kinds.run_reference,
                position=1,
            )
        )
        register(
            SyncKind(
                name="sites",
                title="Sites",
                description="Reads Datto RMM's sites and devices and keeps the mapping to organizations true.",
                execute=kinds.run_sites,
                position=2,
            )
        )
        register(
            SyncKind(
                name="contracts",
                title="Contracts and services",
                description="Reads Autotask's contracts, the services on them and the units they bill now.",
                execute=kinds.run_contracts,
                position=3,
            )
        )
        register(
            SyncKind(
                name="devices",
                title="Devices",
                description="Reads Datto RMM's sites and devices and Autotask's configuration items, plans what "
                "differs, and writes it.",
                execute=kinds.run_devices,
                position=4,
                judge=kinds.judge_devices,
                after_apply=kinds.follow_devices,
            )
        )
        from mappings.services.devices.review_kind import CONTRACT_RULES  # noqa: PLC0415 - as above

        register(CONTRACT_RULES)
        self._register_operations()
        from integration import retention  # noqa: PLC0415 - as above
        from mappings.services.retention import purge  # noqa: PLC0415 - as above

        retention.register_purger("mappings, drift and overwritten values", purge)

    def _register_operations(self) -> None:
        """Register what plans of these kinds can do, and what the ids in them are called."""
        from integration.registries import (  # noqa: PLC0415 - apps are loaded only now
            register_demo_step,
            register_value_labels,
        )
        from integration.sync.operations import register_operation  # noqa: PLC0415 - as above
        from mappings.demo import make_contract_rules  # noqa: PLC0415 - as above
        from mappings.services import creation  # noqa: PLC0415 - as above
        from mappings.services.devices.labels import read_labels  # noqa: PLC0415 - as above
        from mappings.services.devices.operations import register_device_operations  # noqa: PLC0415 - as above
        from mappings.services.devices.udf_operations import register_udf_operations  # noqa: PLC0415 - as above
        from mappings.services.devices.unit_adjustments import ADJUST_UNITS  # noqa: PLC0415 - as above
        from mappings.services.ticket_udfs import register_ticket_udf_operations  # noqa: PLC0415 - as above

        register_operation(ADJUST_UNITS)
        creation.register_operations()
        register_device_operations()
        register_udf_operations()
        register_ticket_udf_operations()
        register_value_labels(read_labels)
        register_demo_step(make_contract_rules)
