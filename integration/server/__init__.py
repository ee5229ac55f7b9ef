"""Starts and watches every process of an installation; `script/server` is its door.

Web, workers, beat, the embedded Valkey server and the sandbox run as children of one supervisor, each in a session
of its own. Imports no models: it runs before the database is there.
"""
