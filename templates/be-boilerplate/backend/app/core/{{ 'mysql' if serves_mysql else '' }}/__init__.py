"""What MySQL and MariaDB need: connections, column types, SQL, and what an error means."""
