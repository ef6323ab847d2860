"""The engine: ministack, which executes S3, IAM, Logs and more (`ministack`), and what corrects it."""
