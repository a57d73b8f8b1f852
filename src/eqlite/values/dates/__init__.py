"""Dates as Elasticsearch reads them."""
