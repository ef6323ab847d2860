"""What the lessons import: one module for each stage or concern of the course."""
