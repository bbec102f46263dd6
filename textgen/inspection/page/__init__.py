"""The page that shows a Look in a browser."""
