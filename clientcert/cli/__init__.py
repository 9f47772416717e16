"""The ``clientcert`` command; needs the extra ``clientcert[cli]``."""
