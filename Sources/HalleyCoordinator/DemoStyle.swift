/// How the demo looks: one column on a phone, two where there is room, dark where the system is.
enum DemoStyle {
    static let css = """
        :root { --ground: #f6f7f9; --card: #fff; --ink: #16202c; --soft: #5c6b7c; --line: #dde3ea; --accent: #1463d6;
          --good: #12805c; --warn: #b26a00; --mark: #e8f1ff; }
        @media (prefers-color-scheme: dark) {
          :root { --ground: #0e141b; --card: #17202a; --ink: #e6edf4; --soft: #93a3b5; --line: #283543; --accent: #6aa8ff;
            --good: #4cc79a; --warn: #f0b455; --mark: #1b3050; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--ink);
          font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        header, main { max-width: 960px; margin: 0 auto; padding: 0 16px; }
        header { padding-top: 20px; display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; }
        header p { margin: 0; color: var(--soft); }
        h1 { margin: 0; font-size: 24px; display: flex; gap: 8px; align-items: center; }
        h1 svg { width: 28px; height: 28px; fill: var(--accent); stroke: var(--accent); stroke-width: 2;
          stroke-linecap: round; }
        h2 { margin: 0 0 8px; font-size: 16px; display: flex; justify-content: space-between; align-items: center; }
        main { display: grid; gap: 16px; padding-top: 16px; padding-bottom: 32px; grid-template-columns: 1fr; }
        @media (min-width: 720px) { main { grid-template-columns: 1fr 1fr; } .wide { grid-column: 1 / -1; } }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px; min-width: 0; }
        label, dt { display: block; font-size: 13px; color: var(--soft); }
        label { margin-bottom: 4px; }
        .row { display: flex; gap: 8px; align-items: center; }
        input, textarea { width: 100%; min-width: 0; padding: 9px 12px; margin: 0 0 8px; font: inherit; color: inherit;
          background: var(--ground); border: 1px solid var(--line); border-radius: 8px; }
        .row input { margin: 0; }
        textarea { resize: vertical; font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 14px; }
        button { padding: 9px 16px; font: inherit; font-weight: 600; color: #fff; background: var(--accent);
          border: 1px solid transparent; border-radius: 8px; cursor: pointer; white-space: nowrap; }
        @media (prefers-color-scheme: dark) { button { color: #0b1522; } }
        button.quiet, #chips button { color: var(--soft); background: transparent; border-color: var(--line);
          font-weight: 400; font-size: 13px; padding: 4px 10px; }
        #chips { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 8px; }
        #chips button { border-radius: 99px; }
        #chips button[aria-pressed=true] { color: var(--ink); background: var(--mark); border-color: var(--accent); }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        dl { display: grid; grid-template-columns: 1fr 1fr; gap: 10px 16px; margin: 16px 0 0; }
        dl .whole { grid-column: 1 / -1; }
        dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
        #state::before { content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 7px;
          border-radius: 50%; background: var(--soft); }
        #state[data-state=open]::before { background: var(--good); }
        #state[data-state=connecting]::before, #state[data-state=reconnecting]::before { background: var(--warn); }
        .hint { margin: 12px 0 0; color: var(--soft); font-size: 14px; }
        a { color: var(--accent); }
        pre { overflow-x: auto; padding: 10px 12px; background: var(--ground); border-radius: 8px; font-size: 13px; }
        output { color: var(--soft); font-size: 14px; overflow-wrap: anywhere; }
        #events { list-style: none; margin: 0; padding: 0; }
        .event { display: grid; grid-template-columns: auto auto 1fr; gap: 2px 10px; padding: 7px 0;
          border-top: 1px solid var(--line); align-items: baseline; }
        .event time { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
        .event b { font-size: 13px; padding: 1px 8px; border-radius: 99px; background: var(--mark); overflow-wrap: anywhere; }
        .event code { font: 14px/1.4 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere;
          white-space: pre-wrap; max-height: 11em; overflow-y: auto; }
        .event.gap code { color: var(--warn); }
        @media (max-width: 480px) { .event code { grid-column: 1 / -1; } }
        """
}
