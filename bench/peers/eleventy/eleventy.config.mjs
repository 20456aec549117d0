// Feeds only: articles are data, no page is made of them.
import { dateToRfc3339, dateToRfc822 } from "@11ty/eleventy-plugin-rss";

const escaped = (text) =>
  String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

const slug = (topic) => topic.toLowerCase().replace(/[^a-z0-9]+/g, "-");

const rss = ({ title, entries }) => `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>${escaped(title)}</title><link>https://bench.example/</link><description>${escaped(title)}</description>
${entries.map((entry) => `<item><title>${escaped(entry.data.title)}</title><link>${escaped(entry.data.webUrl)}</link><description>${escaped(entry.data.excerpt)}</description><guid isPermaLink="false">${entry.fileSlug}</guid><pubDate>${dateToRfc822(new Date(entry.data.publishedDateTime))}</pubDate></item>`).join("\n")}
</channel></rss>`;

const atom = ({ title, entries }) => `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>https://bench.example/</id><title>${escaped(title)}</title><updated>${dateToRfc3339(new Date(entries[0].data.publishedDateTime))}</updated>
${entries.map((entry) => `<entry><id>${entry.fileSlug}</id><title>${escaped(entry.data.title)}</title><updated>${dateToRfc3339(new Date(entry.data.publishedDateTime))}</updated><link href="${escaped(entry.data.webUrl)}"/><summary>${escaped(entry.data.excerpt)}</summary></entry>`).join("\n")}
</feed>`;

export default function (config) {
  config.setQuietMode(true);
  config.addGlobalData("permalink", () => false);
  config.addCollection("feeds", (api) => {
    const now = Date.now();
    const out = api
      .getAll()
      .filter(({ data }) => data.published === true && new Date(data.publishedDateTime) <= now)
      .sort((a, b) => new Date(b.data.publishedDateTime) - new Date(a.data.publishedDateTime));
    const topics = new Map([["all", { title: "Bench", entries: out.slice(0, 50) }]]);
    for (const entry of out) {
      for (const topic of entry.data.topics) {
        const path = `topics/${slug(topic)}`;
        if (!topics.has(path)) topics.set(path, { title: topic, entries: [] });
        const { entries } = topics.get(path);
        if (entries.length < 50) entries.push(entry);
      }
    }
    return [...topics].map(([path, feed]) => ({ path, ...feed }));
  });
  for (const [kind, write] of Object.entries({ rss, atom })) {
    config.addTemplate(`${kind}.11ty.js`, class {
      data() {
        return {
          pagination: { data: "collections.feeds", size: 1, alias: "feed" },
          permalink: ({ feed }) => `${feed.path}.${kind}`,
          eleventyExcludeFromCollections: true,
        };
      }
      render({ feed }) {
        return write(feed);
      }
    });
  }
  return { dir: { input: "articles" }, templateFormats: ["md", "11ty.js"], markdownTemplateEngine: false };
}
