"""Errors that a client is told, with a status code."""


class RequestError(ValueError):
    """What was wrong with a request, for people; `status` is the status code of the answer."""

    def __init__(self, message, status=400):
        super().__init__(message)
        self.status = status
