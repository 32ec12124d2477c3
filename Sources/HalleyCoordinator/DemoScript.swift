/// What the demo does. Written for the reader who wants to do the same with halley.js.
enum DemoScript {
    static let javascript = #"""
        import { Halley } from '/halley.js';

        const $ = (id) => document.getElementById(id);
        const isOpen = document.body.dataset.open === 'true';
        const suggested = ['news', 'log', 'chat', 'user.42'];
        const most = 200;        // events that are kept on the page
        const window_ = 5000;    // over which the rate is taken, in ms

        let halley = null;
        let incarnation = null;  // of the worker that sent the last event
        let arrivals = [];       // times of the last events, for the rate
        let total = 0;

        function wanted() {
          return [...new Set($('channels').value.split(/[\s,]+/).filter(Boolean))];
        }

        function state(name) {
          $('state').textContent = name;
          $('state').dataset.state = name;
          $('connect').textContent = halley ? 'Disconnect' : 'Connect';
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
              if (halley) connect();
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

        function connect() {
          disconnect();
          history.replaceState(null, '', '?' + changed());
          if (!wanted().length) return;
          try {
            // A session of its own, and with it a hostname: this tab doesn't share another tab's limit of connections.
            halley = new Halley(location.origin, {channels: wanted()});
          } catch (error) {
            note('gap', '', error.message);
            return;
          }
          halley.on('state', changedState);
          halley.on('event', show);
          halley.on('gap', ({channel, from, to}) =>
            note('gap', channel, 'a gap: events between ' + from + ' and ' + to + " can't be had any more"));
          halley.on('error', (error) => note('gap', '', error.message));
          state('connecting');
        }

        // It comes back by itself, to the same hostname; the router knows who serves it by then.
        function changedState(name) {
          state(name === 'waiting' ? 'reconnecting' : name);
          $('transport').textContent = halley.transport || '–';
          if (halley.host) $('shard').textContent = halley.host;
          if (name !== 'open') return;
          incarnation = null;
          findWorker();
        }

        function disconnect() {
          if (halley) halley.close();
          halley = null;
          incarnation = null;
          for (const id of ['shard', 'worker', 'transport']) $(id).textContent = '–';
          state('closed');
        }

        function show({channel, position, data}) {
          // A live event's position ends in ~<incarnation>.<n>: which start of which worker counted it.
          const cursor = /~([0-9a-f]{16})\.\d+$/.exec(position || '');
          if (cursor && cursor[1] !== incarnation) { incarnation = cursor[1]; findWorker(); }
          total++;
          arrivals.push(Date.now());
          showRate();
          note('', channel, data instanceof Uint8Array ? 'base64 ' + btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''))
            : typeof data === 'string' ? data : JSON.stringify(data));
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
            if (!halley || asked !== incarnation) return;
            const serving = cluster.workers.find((worker) => worker.incarnation === incarnation);
            $('worker').textContent = serving ? serving.id : cluster.shards[halley.host.split(/[-.]/)[0]] || '–';
          } catch { /* The coordinator may be away; events come all the same. */ }
        }

        $('subscribe').onsubmit = (event) => {
          event.preventDefault();
          if (halley) disconnect(); else connect();
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
