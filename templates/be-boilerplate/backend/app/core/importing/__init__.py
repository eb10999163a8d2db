"""Import of files of rows: CSV and XLSX."""
