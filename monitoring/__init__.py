"""Health with its reasons, alerts, rounds and reports. It reads all other apps, and none imports it."""
