"""The fields of a sent form, read once and within limits."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect

#: The only media type of this site's forms: they send no files.
_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
#: The most fields of one form: a page of selected sessions and a few more.
_MAX_FIELDS: Final = 300


class Form:
    """The fields of a form. Its ``repr`` shows none of them: they may be passwords or codes."""

    __slots__ = ("_fields",)

    def __init__(self, fields: FormData | None = None) -> None:
        self._fields = FormData() if fields is None else fields

    def text(self, name: str) -> str:
        """Return a field, or an empty text."""
        value = self._fields.get(name)
        return value if isinstance(value, str) else ""

    def has(self, name: str) -> bool:
        """Tell whether a field was sent, even an empty one."""
        return name in self._fields

    def texts(self, name: str) -> list[str]:
        """Return the distinct values of a field, in order."""
        return list(dict.fromkeys(v for v in self._fields.getlist(name) if isinstance(v, str)))

    def __repr__(self) -> str:
        return "<Form>"


async def read_form(request: Request) -> Form:
    """Read the form of a POST; raise HTTP 415 for another media type, 400 for a broken body."""
    if request.method != "POST":
        return Form()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        raise HTTPException(415)
    try:
        return Form(await request.form(max_files=0, max_fields=_MAX_FIELDS))
    except ClientDisconnect:
        # The client is gone and does not read the answer; this is not a defect.
        raise HTTPException(400) from None


#: The type of a page's parameter that receives the form.
SentForm = Annotated[Form, Depends(read_form)]
