"""Serve a crowdcore run from this machine."""
