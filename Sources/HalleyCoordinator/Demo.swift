import HalleyCore

/// The page at `/`: choose channels, see events come, see which shard and worker serve you, publish where that is allowed.
///
/// One document and the client, nothing from elsewhere, so that its policy can be strict: scripts and styles run by a nonce,
/// connections go to this host and the shards'. Whatever comes from the network is shown as text.
package struct Demo {
    package let apex: ApexURL
    /// Whether the listener takes events to publish.
    package let isOpen: Bool
    /// The cluster's name, which a publisher needs.
    package let cluster: ClusterName
    /// Fresh for each answer.
    package let nonce: String

    package init(apex: ApexURL, isOpen: Bool, cluster: ClusterName = .standard, nonce: String) {
        self.apex = apex
        self.isOpen = isOpen
        self.cluster = cluster
        self.nonce = nonce
    }

    package var contentSecurityPolicy: String {
        """
        default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; \
        connect-src 'self' \(apex) \(apex.shardSource) \(apex.socketSource); img-src data:; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'
        """
    }

    package var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Halley</title>
        <link rel="icon" href="data:,">
        <style nonce="\(nonce)">
        \(DemoStyle.css)
        </style>
        </head>
        <body data-open="\(isOpen)">
        \(DemoBody.html(isOpen: isOpen, cluster: cluster))
        <script type="module" nonce="\(nonce)">
        \(DemoScript.javascript)
        </script>
        </body>
        </html>

        """
    }
}

/// What the page shows.
private enum DemoBody {
    package static func html(isOpen: Bool, cluster: ClusterName) -> String {
        """
        <header>
          <h1><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M3 27 20 10"/><path d="M4 19 16 7"/><path d="M12 28 24 16"/>\
        <circle cx="23" cy="9" r="5"/></svg>Halley</h1>
          <p>Events, the moment they are published.</p>
        </header>
        <main>
          <section class="card">
            <form id="subscribe">
              <label for="channels">Channels</label>
              <div class="row">
                <input id="channels" value="news" autocomplete="off" autocapitalize="off" spellcheck="false">
                <button id="connect" type="submit">Connect</button>
              </div>
              <div id="chips" aria-label="Some channels"></div>
            </form>
            <dl>
              <div><dt>State</dt><dd id="state">closed</dd></div>
              <div><dt>Transport</dt><dd id="transport">–</dd></div>
              <div><dt>Events</dt><dd><span id="count">0</span> <small id="rate">0/s</small></dd></div>
              <div><dt>Worker</dt><dd id="worker">–</dd></div>
              <div class="whole"><dt>Hostname</dt><dd id="shard">–</dd></div>
            </dl>
            <p class="hint"><a id="another" href="/" target="_blank" rel="noopener">Open another tab</a>: it gets a
              session of its own, and with it a hostname of its own.</p>
          </section>
          \(isOpen ? publish : readOnly(cluster))
          <section class="card wide">
            <h2>Events <button id="clear" type="button" class="quiet">Clear</button></h2>
            <ol id="events"></ol>
            <p id="empty" class="hint">Nothing yet.</p>
          </section>
        </main>
        """
    }

    private static let publish = """
        <section class="card">
            <form id="publish">
              <label for="publish-channel">Publish on</label>
              <input id="publish-channel" value="news" autocomplete="off" autocapitalize="off" spellcheck="false">
              <label for="publish-payload">Payload</label>
              <textarea id="publish-payload" rows="3" spellcheck="false">{"hello": "world"}</textarea>
              <div class="row">
                <button id="publish-send" type="submit">Publish</button>
                <output id="publish-result"></output>
              </div>
            </form>
          </section>
        """

    private static func readOnly(_ cluster: ClusterName) -> String {
        """
        <section class="card">
            <h2>Publish</h2>
            <p class="hint">From your servers, by Redis:</p>
            <pre>PUBLISH \(cluster):news '{"hello":"world"}'</pre>
          </section>
        """
    }
}
