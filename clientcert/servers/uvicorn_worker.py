"""
Bridge uvicorn below gunicorn: ``gunicorn -k clientcert.servers.uvicorn_worker.UvicornWorker app:app``.

One seam is used: the worker makes its `uvicorn.Config` with the class's ``CONFIG_KWARGS``.
``tests/servers/test_seams.py`` holds uvicorn-worker to it.
"""

from typing import Any, ClassVar

import uvicorn_worker  # type: ignore[import-untyped]


class UvicornWorker(uvicorn_worker.UvicornWorker):  # type: ignore[misc]  # untyped
    """uvicorn-worker's ``UvicornWorker``, bridged."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **uvicorn_worker.UvicornWorker.CONFIG_KWARGS,
        "http": "clientcert.servers.uvicorn:Auto",
    }


class UvicornH11Worker(uvicorn_worker.UvicornH11Worker):  # type: ignore[misc]  # untyped
    """uvicorn-worker's ``UvicornH11Worker``, bridged."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **uvicorn_worker.UvicornH11Worker.CONFIG_KWARGS,
        "http": "clientcert.servers.uvicorn:H11",
    }
