"""For every test: Hypothesis judges results, not the load of the machine."""

from hypothesis import settings

settings.register_profile("clientcert", deadline=None)
settings.load_profile("clientcert")
