"""Flask's test client with identities: ``app.test_client_class = FlaskClient``, or ``FlaskClient(app)``."""

from flask import testing

from clientcert.testing import werkzeug


class FlaskClient(werkzeug.Client, testing.FlaskClient):
    """
    Flask's own, of which it takes every argument: ``app.test_client(authority=client_ca)``.

    Args:
        application: The app.
        options: Of Flask's.
        authority: Issues certificates for clients that `as_identity` is given as names.
        config: The app's configuration, where it cannot be found in the app.
    """
