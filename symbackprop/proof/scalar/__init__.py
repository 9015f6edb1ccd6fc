"""The scalar normal form: an exact zero test for expressions of concrete size. `form` is its interface."""
