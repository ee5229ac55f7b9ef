"""Pure decisions about alerts and tickets: no ORM, no network, no clock, no Celery."""
