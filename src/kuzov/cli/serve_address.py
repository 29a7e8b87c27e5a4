"""What `kuzov serve` tells people once it answers: which address to open, and where to teach."""

from __future__ import annotations

import io
import shutil
import sys
from ipaddress import ip_address

from kuzov.cli.language import note
from kuzov.serve.listening import EVERY_ADDRESS, network_address, shown
from kuzov.serve.settings import ServeSettings
from kuzov.words import Words

OPEN = Words("Open {here} in a browser.", "Откройте в браузере {here}")
OPEN_BOTH = Words(
    "Open {here} in a browser; on another device of this network, {there}",
    "Откройте в браузере {here}, на другом устройстве этой сети — {there}",
)
TEACH = Words("Teach it at {here}", "Обучать его: {here}")
TEACH_BOTH = Words("Teach it at {here} or, on a phone, {there}", "Обучать его: {here}, с телефона — {there}")

# White on black whatever the terminal's colours: some readers take no code with the two exchanged.
_LINE = "\x1b[97;40m{}\x1b[0m\n"
_QUIET_ZONE = 2


def tell_address(settings: ServeSettings, token: str | None = None) -> None:
    """Tell the page's address and, where the page teaches, the link that lets one in; as a QR code, too.

    A browser keeps what follows the # to itself, so that the token is in no log on the way. The code is for
    terminals only, and for a server that a phone can reach.
    """
    port = settings.rest.port
    if port is None:
        return
    here, there = (host and f"http://{shown(host, port)}/" for host in _hosts(settings.host))
    _tell(OPEN, OPEN_BOTH, here, there)
    if token is None:
        return
    here, there = (page and f"{page}#teach={token}" for page in (here, there))
    _tell(TEACH, TEACH_BOTH, here, there)
    if there and sys.stderr.isatty():
        print(qr_code(there, shutil.get_terminal_size().columns), end="", file=sys.stderr)


def _tell(one: Words, both: Words, here: str, there: str) -> None:
    note(one.fill(here=here) if there in {"", here} else both.fill(here=here, there=there))


def _hosts(host: str) -> tuple[str, str]:
    """Where this machine finds a server that listens on a host, and where others do; "" where they don't."""
    if host in EVERY_ADDRESS:
        return "localhost", network_address() or ""
    return host, "" if host == "localhost" or _is_loopback(host) else host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def qr_code(text: str, columns: int) -> str:
    """A QR code as lines for a terminal so wide; nothing where it has no room, or nothing to draw it with."""
    try:
        import segno
    except ModuleNotFoundError:
        return ""
    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, border=_QUIET_ZONE, compact=True)
    lines = drawn.getvalue().splitlines()
    if len(lines[0]) > columns or not _can_write(lines[0]):
        return ""
    return "".join(map(_LINE.format, lines))


def _can_write(text: str) -> bool:
    try:
        text.encode(sys.stderr.encoding)
    except UnicodeEncodeError:
        return False
    return True
