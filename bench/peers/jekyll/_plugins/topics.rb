# Jekyll's word for a topic is tag; and no post is written as a page.
class Topics < Jekyll::Generator
  priority :highest

  def generate(site)
    site.collections["posts"].metadata["output"] = false
    site.posts.docs.each { |post| post.data["tags"] = post.data["topics"] }
  end
end
