"""Measures what Warmcart promises about its speed: ``python -m bench``, or ``python -m bench intake``.

Each figure is a ratio of two things that are measured in turn in the same run, so that a slow or busy
machine does not decide it. Every part has its own processes on servers of its own in a temporary folder.
"""
