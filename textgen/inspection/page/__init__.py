"""The page to point at: one HTML file that needs no network."""
