"""A Django site with rules on views, users from certificates and sessions bound to them."""
