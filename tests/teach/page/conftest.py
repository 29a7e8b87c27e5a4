from tests.web.conftest import heard, open_page  # noqa: F401
