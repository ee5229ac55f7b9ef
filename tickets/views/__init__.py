"""Pages and doors of alerts and tickets."""
