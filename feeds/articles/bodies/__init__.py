"""Bodies as site generators write them: templates, then links, Markdown and clean HTML. No I/O."""
