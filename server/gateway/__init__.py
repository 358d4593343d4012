"""MQTT on the server: questions to answers, entries to receipts, changes to publications."""
