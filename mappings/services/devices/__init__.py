"""Use cases around devices and configuration items."""
