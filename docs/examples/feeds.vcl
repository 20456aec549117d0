# Varnish in front of the feeds: it forgets what `feeds publish` tells it to.
vcl 4.1;

import xkey;  # of varnish-modules

backend default {
    .host = "127.0.0.1";
    .port = "8000";
}

# Who may purge: the machines that publish.
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
