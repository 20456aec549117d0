"""The documents of a site besides its feeds: pages, OPML, stylesheets."""
