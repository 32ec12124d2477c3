/// What the demo does. Written for the reader who wants to do the same: `POST /session`, then an `EventSource`.
enum DemoScript {
    static let javascript = #"""
        'use strict';
        const $ = (id) => document.getElementById(id);
        const isOpen = document.body.dataset.open === 'true';
        const suggested = ['news', 'log', 'chat', 'user.42'];
        const most = 200;        // events that are kept on the page
        const window_ = 5000;    // over which the rate is taken, in ms

        let source = null;       // the EventSource
        let shard = null;        // "s17-c"
        let incarnation = null;  // of the worker that sent the last event
        let arrivals = [];       // times of the last events, for the rate
        let total = 0;
        let attempt = 0;         // tells an answer that comes too late

        function wanted() {
          return [...new Set($('channels').value.split(/[\s,]+/).filter(Boolean))];
        }

        function state(name) {
          $('state').textContent = name;
          $('state').dataset.state = name;
          $('connect').textContent = source || name === 'connecting' ? 'Disconnect' : 'Connect';
        }

        function showChips() {
          const chosen = wanted();
          $('chips').replaceChildren(...[...new Set([...suggested, ...chosen])].map((name) => {
            const chip = document.createElement('button');
            chip.type = 'button';
            chip.textContent = name;
            chip.setAttribute('aria-pressed', chosen.includes(name));
            chip.onclick = () => {
              const names = wanted();
              $('channels').value = (names.includes(name) ? names.filter((n) => n !== name) : [...names, name]).join(' ');
              changed();
              if (source) connect();
            };
            return chip;
          }));
        }

        function changed() {
          showChips();
          const query = wanted().map((name) => 'channel=' + encodeURIComponent(name)).join('&');
          $('another').href = '?' + query;
          return query;
        }

        async function connect() {
          disconnect();
          const mine = ++attempt;
          const channels = wanted();
          history.replaceState(null, '', '?' + changed());
          state('connecting');
          try {
            // A session: a hostname of its own, so that this tab doesn't share another tab's limit of connections.
            const answer = await fetch('/session', {
              method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({channels})
            });
            const session = await answer.json();
            if (mine !== attempt) return;
            if (!answer.ok) throw new Error(session.error);
            shard = session.shard;
            $('shard').textContent = new URL(session.url).host;
            $('shard').title = 'session ' + session.session;
            // event=message: one handler for all channels; format=json: each event says its channel and position.
            source = new EventSource(session.url + '&format=json&event=message');
          } catch (error) {
            if (mine !== attempt) return;
            state('closed');
            note('gap', '', String(error.message || error));
            return;
          }
          source.onopen = () => { state('open'); incarnation = null; findWorker(); };
          source.onerror = () => {
            // It comes back by itself, to the same hostname; the router knows who serves it by then.
            if (source.readyState === EventSource.CLOSED) { disconnect(); } else { state('reconnecting'); }
          };
          source.onmessage = (message) => received(message, show);
          source.addEventListener('~gap', (message) => received(message, showGap));
        }

        function disconnect() {
          attempt++;
          if (source) source.close();
          source = null;
          shard = null;
          incarnation = null;
          $('shard').textContent = '–';
          $('worker').textContent = '–';
          state('closed');
        }

        function received(message, then) {
          let event;
          try { event = JSON.parse(message.data); } catch { return; }
          // A live event's position ends in ~<incarnation>.<n>: which start of which worker counted it.
          const cursor = /~([0-9a-f]{16})\.\d+$/.exec(event.position || message.lastEventId || '');
          if (cursor && cursor[1] !== incarnation) { incarnation = cursor[1]; findWorker(); }
          then(event);
        }

        function show(event) {
          const data = event.data;
          let text = typeof data === 'string' ? data : JSON.stringify(data);
          if (event.encoding === 'base64') text = 'base64 ' + text;
          total++;
          arrivals.push(Date.now());
          showRate();
          note('', event.channel, text);
        }

        function showGap(event) {
          const gap = event.gap || {};
          note('gap', gap.channel || '', 'a gap: events between ' + gap.from + ' and ' + gap.to + " can't be had any more");
        }

        function note(kind, channel, text) {
          const item = document.createElement('li');
          item.className = ('event ' + kind).trim();
          const time = document.createElement('time');
          const now = new Date();
          time.dateTime = now.toISOString();
          time.textContent = now.toLocaleTimeString([], {hour12: false}) + '.' + String(now.getMilliseconds()).padStart(3, '0');
          const label = document.createElement('b');
          label.textContent = channel;
          const code = document.createElement('code');
          code.textContent = text;
          item.append(time, label, code);
          $('events').prepend(item);
          while ($('events').children.length > most) $('events').lastElementChild.remove();
          $('empty').hidden = true;
        }

        function showRate() {
          const now = Date.now();
          arrivals = arrivals.filter((time) => now - time < window_);
          $('count').textContent = total;
          const rate = arrivals.length / (window_ / 1000);
          $('rate').textContent = (rate < 10 ? rate.toFixed(1).replace('.0', '') : Math.round(rate)) + '/s';
        }

        // By the events' incarnation where there is one; until then by who owns the shard.
        async function findWorker() {
          if (!isOpen) {
            $('worker').textContent = incarnation ? 'start ' + incarnation : '–';
            return;
          }
          const asked = incarnation;
          try {
            const cluster = await (await fetch('/shards')).json();
            if (!shard || asked !== incarnation) return;
            const serving = cluster.workers.find((worker) => worker.incarnation === incarnation);
            $('worker').textContent = serving ? serving.id : cluster.shards[shard.split('-')[0]] || '–';
          } catch { /* The coordinator may be away; events come all the same. */ }
        }

        $('subscribe').onsubmit = (event) => {
          event.preventDefault();
          if (source || $('state').textContent === 'connecting') disconnect(); else connect();
        };
        $('channels').oninput = changed;
        $('clear').onclick = () => { $('events').replaceChildren(); $('empty').hidden = false; };
        if (isOpen) {
          $('publish').onsubmit = async (event) => {
            event.preventDefault();
            const result = $('publish-result');
            try {
              const channel = encodeURIComponent($('publish-channel').value.trim());
              const answer = await fetch('/publish?channel=' + channel, {method: 'POST', body: $('publish-payload').value});
              const body = await answer.json();
              result.textContent = answer.ok ? 'published as ' + body.id : body.error;
            } catch (error) { result.textContent = String(error.message || error); }
          };
        }
        setInterval(showRate, 1000);

        const asked = new URLSearchParams(location.search).getAll('channel');
        if (asked.length) $('channels').value = asked.join(' ');
        changed();
        if (asked.length) connect(); else state('closed');
        """#
}
