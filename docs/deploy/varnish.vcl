# Varnish (7.1, with the package varnish-modules) as a cache in front of `feeds serve`. Save as
# /etc/varnish/default.vcl, and start varnishd with these parameters (`systemctl edit varnish`):
#   -p http_gzip_support=off      the server compresses, with one ETag per encoding
#   -p backend_idle_timeout=5     shorter than the server's own 10 seconds
# Set `http: {cache_tags: xkey}` in site.yaml to purge changed documents by their tags.
vcl 4.1;

import std;
import xkey;

backend feeds {
    .host = "127.0.0.1";
    .port = "8000";
    .connect_timeout = 3s;
    .first_byte_timeout = 10s;
}

# Addresses that may purge.
acl publishers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        # Not through another proxy on this machine, which adds an address to X-Forwarded-For.
        if (client.ip !~ publishers || req.http.X-Forwarded-For ~ ",") {
            return (synth(403, "Forbidden"));
        }
        if (req.http.xkey) {
            return (synth(200, "Purged " + xkey.purge(req.http.xkey)));
        }
        set req.url = regsub(req.url, "\?.*", "");
        return (purge);
    }

    # Feeds depend on neither the query nor cookies.
    set req.url = regsub(req.url, "\?.*", "");
    unset req.http.Cookie;

    # One copy of each document per encoding, for any spelling of Accept-Encoding.
    if (req.http.Accept-Encoding ~ "(?i)\bbr\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))") {
        set req.http.Accept-Encoding = "br";
    } elsif (req.http.Accept-Encoding ~ "(?i)\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))") {
        set req.http.Accept-Encoding = "gzip";
    } else {
        unset req.http.Accept-Encoding;
    }

    if (req.restarts == 0) {
        unset req.http.X-Outage; # set only by vcl_deliver below
    }
}

sub vcl_hit {
    # A copy older than stale-while-revalidate allows is only for outages: ask the server first.
    if (!req.http.X-Outage && obj.ttl + std.duration(
            regsub(obj.http.Cache-Control, ".*stale-while-revalidate=([0-9]+).*", "\1s"), 0s) <= 0s) {
        set req.grace = 0s;
        return (restart);
    }
}

sub vcl_backend_fetch {
    unset bereq.http.X-Outage;
}

sub vcl_backend_response {
    if (beresp.status >= 500) {
        # Keep the existing copy.
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        return (deliver);
    }
    # Keep copies for outages as long as stale-if-error allows.
    if (beresp.http.Cache-Control ~ "stale-if-error=[0-9]+") {
        set beresp.grace = std.duration(
            regsub(beresp.http.Cache-Control, ".*stale-if-error=([0-9]+).*", "\1s"), 1h);
    }
}

sub vcl_deliver {
    # stale-if-error: try again, and accept a copy of any age.
    if (resp.status >= 500 && !req.http.X-Outage && req.method ~ "^(GET|HEAD)$") {
        set req.http.X-Outage = "yes";
        set req.grace = 7d;
        return (restart);
    }
    unset resp.http.xkey;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
