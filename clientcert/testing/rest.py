"""Django REST framework's test client and request factory, with identities."""

from rest_framework import test

from clientcert.testing.django import ActsInDjango, Admits


class APIClient(ActsInDjango, test.APIClient):
    """REST framework's own, of which it takes every argument; see `clientcert.testing.django.Client`."""


class APIRequestFactory(Admits, test.APIRequestFactory):
    """REST framework's own, of which it takes every argument; see `clientcert.testing.django.RequestFactory`."""
