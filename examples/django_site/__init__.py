"""A Django site that knows its clients by their certificates; runs under WSGI and ASGI."""
