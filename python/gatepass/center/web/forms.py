"""What a form sent, read once and within limits."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect

#: The only way in which this site's forms are sent: no files.
_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
#: Fields of one form: a page of picked sessions and a few more.
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
        """Tell whether a field was sent, an empty one too."""
        return name in self._fields

    def texts(self, name: str) -> list[str]:
        """Return all fields of a name, each once, in their order."""
        return list(dict.fromkeys(v for v in self._fields.getlist(name) if isinstance(v, str)))

    def __repr__(self) -> str:
        return "<Form>"


async def read_form(request: Request) -> Form:
    """Read the form of a POST; raise HTTP 415 for a body that is none, 400 for a broken one."""
    if request.method != "POST":
        return Form()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        raise HTTPException(415)
    try:
        return Form(await request.form(max_files=0, max_fields=_MAX_FIELDS))
    except ClientDisconnect:
        # Nobody is there to read the answer; it is no defect either.
        raise HTTPException(400) from None


#: Declared by a page that takes a form.
SentForm = Annotated[Form, Depends(read_form)]
