"""Pure decisions about mappings: no ORM, no network, no clock."""
