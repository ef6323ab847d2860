"""The door: every request comes in here, is checked (`signing`), and goes to the service that owns it (`server`)."""
