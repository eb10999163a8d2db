"""What the frontend kinds know of a schema: services, pages and the application around them, as templates' variables."""
