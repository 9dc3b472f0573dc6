"""Waiting rooms: who may sit where, seats taken and given up, and what is done when partners do not come."""
