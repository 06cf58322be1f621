export const pageStyle = `
:root { color-scheme: light dark; --ink: #1c2430; --quiet: #667085; --line: #e3e7ee; --paper: #fff; --ground: #f5f7fa; --good: #16803c; --bad: #c4320a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --quiet: #98a2b3; --line: #2b3442; --paper: #171d26; --ground: #10151c; --good: #4ade80; --bad: #fb923c; } }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
header, main { max-width: 1200px; margin: 0 auto; padding: 1rem; }
h1 { margin: 0; font-size: 1.5rem; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
header p { margin: .25rem 0; color: var(--quiet); }
#verdict { font-weight: 600; } .good { color: var(--good) !important; } .bad { color: var(--bad) !important; }
#charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 1rem; margin-bottom: 1rem; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; margin-bottom: 1rem; overflow-x: auto; }
#charts .card { margin: 0; }
.card svg { width: 100%; height: 180px; display: block; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .85rem; color: var(--quiet); min-height: 1.5em; }
.legend i { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .35em; }
text { font-size: 11px; fill: var(--quiet); } .grid { stroke: var(--line); } .cursor { stroke: var(--quiet); stroke-dasharray: 2 3; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; } td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 16ch; max-width: 60ch; } td.n, th.n { text-align: right; }
th { font-weight: 600; color: var(--quiet); font-size: .85rem; } .totals { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; }
.totals b { display: block; font-size: 1.4rem; }
@media (max-width: 600px) { th, td { padding: .3rem; } td:not(.n) { white-space: normal; } td:first-child { min-width: 11ch; } }
`;
