"""User and password in the address of a file: sent to its server alone, and never shown."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from keras_cvdata.sources.remote_errors import RefusedError
from keras_cvdata.types import without_credentials

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Credentials:
    """User and password of an address, as RFC 7617 has them sent.

    Attributes:
        origin: Scheme, host and port that they are for.
        basic: What is sent as `Authorization`.
        secrets: What no message may hold.

    Example:
        >>> joe = Credentials.of("https://joe:pass%40word@example.com/a.jpg")
        >>> joe.are_for("https://EXAMPLE.com:443/b.jpg")
        True
        >>> joe.hide_in("joe may not log in with pass@word")
        'joe may not log in with ***'
    """

    origin: tuple[str, str | None, int | None]
    basic: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, url: str) -> Credentials | None:
        """Find the user and the password of an address.

        Args:
            url: The address.

        Returns:
            They; None where the address has none.

        Raises:
            RefusedError: They are not escaped, so that they can be told from nothing else.
        """
        if without_credentials(url) == url:
            return None
        try:
            parts, origin = urlsplit(url), _origin(url)
        except ValueError:
            raise RefusedError(
                "The URL is not valid. Escape user and password, each with "
                "urllib.parse.quote(text, safe='')."
            ) from None  # its words may be the password
        user, password = parts.username or "", parts.password or ""
        pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
        basic = f"Basic {base64.b64encode(pair).decode()}"
        return cls(origin, basic, tuple(filter(None, (password, unquote(password)))))

    def are_for(self, url: str) -> bool:
        """Whether they may be sent to an address.

        Args:
            url: The address.

        Returns:
            Whether its scheme, host and port are theirs.

        Raises:
            ValueError: The address is not valid.
        """
        return _origin(url) == self.origin

    def hide_in(self, text: str) -> str:
        """Leave them out of a message.

        Args:
            text: The message.

        Returns:
            The same, with `***` in place of the password.
        """
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
