"""A request's body on its way in: taken whole, or refused, when it is too large or does not come to an end."""

import asyncio
from collections.abc import Callable


class TooLarge(Exception):
    """A body is larger than the server takes."""


async def body(headers: dict[bytes, bytes], receive: Callable, most_bytes: int, seconds: float) -> bytes:
    """Return a body when all of it is there.

    Parameters
    ----------
    headers : dict of bytes to bytes
        Of the request, in small letters.
    receive : callable
        As ASGI gives it.
    most_bytes : int
    seconds : float
        After which a client that does not end its request loses its place.

    Raises
    ------
    TooLarge, TimeoutError
    """
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > most_bytes:
        raise TooLarge
    async with asyncio.timeout(seconds):
        return await _whole(receive, most_bytes)


async def _whole(receive: Callable, most_bytes: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > most_bytes:
            raise TooLarge
    return b"".join(parts)
