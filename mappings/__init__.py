"""What stands for what: Datto RMM sites and devices, Autotask companies and configuration items."""
