"""Who may do what: the same rules for every framework here."""

from clientcert.core.policy import Roles, cn, o

staff = o("aks-ingress-client")
operators = cn("Fern")
everyone = staff | operators
roles = Roles({"staff": staff, "operators": operators})
