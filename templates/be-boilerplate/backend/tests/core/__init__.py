"""What the tests of all tables share."""
