"""What all tests share."""

from hypothesis import settings

# No test asserts time; a failure is the same in every run, and printed so that it can be run again.
settings.register_profile("house", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("house")

pytest_plugins = ["postgres"]
