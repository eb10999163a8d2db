"""What the frontend kinds know of a schema: services, pages and the whole application, as variables of templates."""
