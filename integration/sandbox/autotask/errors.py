"""How the double refuses: a status and the texts Autotask would put into `{"errors": [...]}`."""

from __future__ import annotations

from http import HTTPStatus


class RefusedError(Exception):
    """A call that Autotask answers with an error; nothing was stored.

    Business errors are HTTP 500 (the default), as the real service answers them.
    """

    def __init__(self, *messages: str, status: int = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
        super().__init__("; ".join(messages))
        self.messages = list(messages)
        self.status = int(status)


def reference_refused(field: str, object_name: str) -> RefusedError:
    """Refuse a reference to a row that is absent, inactive or of another company."""
    return RefusedError(
        f"Reference value on field: {field} of type: {object_name} does not exist or is invalid."
    )
