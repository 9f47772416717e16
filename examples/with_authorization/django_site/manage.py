"""``python -m examples.with_authorization.django_site.manage migrate``, ``… check --deploy``."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.with_authorization.django_site.settings")
    execute_from_command_line(sys.argv)
