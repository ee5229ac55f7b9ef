"""Requests of end clients: links, what comes in, its ticket, and what people do about it."""
