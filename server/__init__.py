"""The central server: web pages, MQTT gateway and jobs."""
