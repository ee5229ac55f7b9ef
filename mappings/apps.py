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
                description="Reads Autotask's organizations, locations, contacts, pick lists and work types.",
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
                name="devices",
                title="Devices",
                description="Reads Datto RMM's devices.",
                execute=kinds.run_devices,
                position=3,
            )
        )
