"""Regular expressions as Elasticsearch matches them."""
