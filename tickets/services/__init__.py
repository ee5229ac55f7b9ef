"""Use cases of alerts and tickets, one per function. They read, decide, write rows, and call a client given to them.

Services never send Celery messages: they return the ids of the actions that are due, and whoever called them
(task, view, command) sends the message. A lost message costs seconds, because a sweep finds every waiting row.
"""
