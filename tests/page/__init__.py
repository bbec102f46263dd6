"""Tests of the pages that write."""
