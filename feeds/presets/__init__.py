"""How site generators read their articles: names of fields, dates, URLs, ids, dialects. No I/O."""
