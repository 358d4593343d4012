"""A city branch that does not exist: invented homes, people, cards and a year of visits."""

from demo.sample.load import Person, Sample, Size, keys_from, load

__all__ = ["Person", "Sample", "Size", "keys_from", "load"]
