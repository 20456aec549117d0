# Varnish in front of the feeds, with purging by `feeds publish`.
vcl 4.1;

import xkey;  # of varnish-modules

backend default {
    .host = "127.0.0.1";
    .port = "8000";
}

# Addresses that may purge: those of the machines that publish.
acl publishers {
    "127.0.0.1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ publishers) {
            return (synth(405));
        }
        if (req.http.xkey) {
            return (synth(200, "purged " + xkey.purge(req.http.xkey)));
        }
        return (purge);
    }
}
