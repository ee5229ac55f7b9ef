"""How Datto RMM devices become Autotask configuration items, decided purely."""
