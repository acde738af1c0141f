"""Database migrations, made by makemigrations."""
