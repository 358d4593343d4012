"""Volunteers and the chapters they belong to."""
