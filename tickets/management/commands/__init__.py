"""Commands of alerts and tickets."""
