from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource

import pytest

from kuzov.serve.open_files import allow_all_files, tell_when_files_run_out


def test_the_limit_is_raised_as_far_as_it_goes() -> None:
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        allow_all_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_no_file_left_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run_out() -> None:
        loop = asyncio.get_running_loop()
        tell_when_files_run_out(loop)
        for number in (errno.EMFILE, errno.ENFILE):
            error = OSError(number, os.strerror(number))
            loop.call_exception_handler({"message": "socket.accept() failed", "exception": error})

    asyncio.run(run_out())
    assert [record.getMessage() for record in caplog.records] == [
        "New connections have to wait: Too many open files. Raise the limit of open files (ulimit -n), or "
        "have clients use fewer connections."
    ]


def test_other_errors_are_told_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        loop = asyncio.get_running_loop()
        tell_when_files_run_out(loop)
        for error in (OSError(errno.EIO, "broken"), ZeroDivisionError()):
            loop.call_exception_handler({"message": "It failed", "exception": error})

    with caplog.at_level(logging.ERROR):
        asyncio.run(fail())
    assert [record.getMessage() for record in caplog.records] == ["It failed", "It failed"]
