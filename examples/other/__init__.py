"""Frameworks without a module of their own: the adapter for any ASGI or WSGI app around each, and one for aiohttp."""
