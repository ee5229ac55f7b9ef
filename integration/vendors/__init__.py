"""The vendors' clients: plain Python and requests, no Django, nothing else of ours."""
