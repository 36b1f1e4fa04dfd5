"""What holds for all tests."""

from hypothesis import settings

# How long an example takes is the machine's affair, not a property of what is tested.
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")
