"""Settings for all tests: the same examples in every run; `pytest --hypothesis-profile=new` draws others."""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("new", deadline=None, max_examples=200)
settings.load_profile("same")
