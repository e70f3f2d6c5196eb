"""Explanation → what the screen shows: payloads of the live components and plain figures."""
