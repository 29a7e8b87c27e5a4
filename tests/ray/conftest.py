from tests.bulk.conftest import photos  # noqa: F401
