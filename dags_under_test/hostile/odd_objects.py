# verdict: clean
"""Objects that answer no question."""

class Meta(type):
    def __repr__(cls):
        raise RuntimeError("repr of the class")

    def __eq__(cls, other):
        raise RuntimeError("eq of the class")

    __hash__ = type.__hash__


class Odd(metaclass=Meta):
    def _raise(self, *_):
        raise RuntimeError("no answer")

    __repr__ = __str__ = __eq__ = __bool__ = __len__ = __iter__ = __getattr__ = _raise
    __hash__ = None


one, other = Odd(), Odd

from airflow.sdk import DAG

with DAG("odd_objects", schedule=None):
    pass
