"""Tests of how the system is started and looked after."""
