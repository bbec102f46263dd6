"""Errors as clients of the completions API read them: a status, and a JSON object that says what is wrong and where."""

import re
from collections.abc import Container, Mapping
from typing import Any

from textgen.errors import DamagedError, PromptError, StorageError, TextgenError

# What the API calls an error, by its status; those that are not listed are the server's.
_TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
_OTHER = {429: "rate_limit_error", 503: "server_error", 500: "server_error"}

# Fields that a model reads.
_READ = ("prompt", "text", "ids")


class ApiError(Exception):
    """A request that is refused.

    Args:
        status: the HTTP status.
        message: one line: what is wrong, what is allowed.
        param: the field of the body that is wrong, if one is.
        code: a short name for programs, if there is one.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code
        self.headers = headers or {}

    @property
    def closes(self) -> bool:
        """Whether the connection is closed after the answer."""
        return self.headers.get("Connection") == "close"

    def body(self) -> dict[str, Any]:
        """The JSON object of the answer."""
        kind = _TYPES.get(self.status) or _OTHER.get(self.status, "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def of_library(error: TextgenError, fields: Container[str], names: Mapping[str, str] | None = None) -> ApiError:
    """The answer to a request that the library refused.

    Args:
        error: its error. Messages name parameters in backquotes.
        fields: the fields that the request can have; a message may name other things, such as an option of training.
        names: what the request calls some of the parameters: `length` is `max_tokens` there.
    """
    names = names or {}
    message = re.sub(r"`([a-z_]+)", lambda found: "`" + names.get(found[1], found[1]), str(error))
    named = [name for name in re.findall(r"`([a-z_]+)", message) if name in fields]
    # What a model cannot do is said by a ModelError; numbers that are none, and damaged files, are not the client's.
    status = 500 if isinstance(error, (DamagedError, StorageError)) else 400
    if isinstance(error, PromptError):  # it may name the options that help too
        named = [name for name in named if name in _READ] or [name for name in ("prompt", "text") if name in fields]
    param = named[0] if named else None
    return ApiError(status, message, param if status == 400 else None)
