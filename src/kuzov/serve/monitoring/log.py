"""How the server's log looks: lines for people, or JSON for what collects logs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from kuzov.serve.monitoring.journal import MAX_LOGGED_PATH, REQUEST_LOG, Record

LogForm: TypeAlias = Literal["text", "json"]

TEXT_FORM = "%(asctime)s %(levelname)s %(message)s"


def configure_logging(form: LogForm, level: int = logging.INFO) -> None:
    """Set up the log of this process, on stderr; other packages than kuzov log warnings and errors only.

    As JSON every request is a line at level INFO. As text a request is a line only at level DEBUG, for
    TensorFlow Serving logs none.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(TEXT_FORM))
    root = logging.getLogger()
    for former in [each for each in root.handlers if type(each) is logging.StreamHandler]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("kuzov").setLevel(level)
    quiet = form == "text" and level > logging.DEBUG
    logging.getLogger(REQUEST_LOG).setLevel(logging.WARNING if quiet else logging.NOTSET)


class JsonFormatter(logging.Formatter):
    """One line of JSON, in ASCII: time, level, message; a request's record, an error's traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one entry of the log; what clients sent can't end the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, object] = {"time": f"{time[:-6]}Z", "level": record.levelname}
        if isinstance(record.msg, Record):
            entry["message"] = "request"
            entry |= _request(record.msg)
        else:
            entry["message"] = record.getMessage()
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def _request(record: Record) -> dict[str, object]:
    return {
        "protocol": record.protocol,
        "method": record.method,
        "path": record.path[:MAX_LOGGED_PATH],
        "model": record.model[:MAX_LOGGED_PATH],
        "version": record.version,
        "signature": record.signature[:MAX_LOGGED_PATH],
        "rows": record.rows,
        "status": record.status_name,
        "http_status": record.http_status,
        "duration_ms": round(record.seconds * 1000, 3),
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "request_id": record.request_id,
    }
