"""Synthetic demo rows. (Another owner, ROWS, is writing this file right now: leave it.)"""
