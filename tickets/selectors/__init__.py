"""Reading alerts and tickets for pages; nothing here writes."""
