"""OpenVINO without its converter of models, which its package imports, and kuzov does not need.

That is a third of the import's processor time, and 14 MB.
"""

from __future__ import annotations

import sys


def leave_converter_out() -> None:
    """Have OpenVINO start without it; for processes that are kuzov's own, before they import OpenVINO.

    A program that has kuzov as a library may need the converter itself.
    """
    # Importing what is None is an ImportError, which OpenVINO takes to mean that there is none.
    sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
