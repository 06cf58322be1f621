/** Runs in the browser: draws the moments as line charts, lists the summary, and follows a live run. */
export const pageScript = `
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const charts = [
  { title: 'Requests per second', lines: [['requests', 'requests', '#2563eb'], ['failed', 'failed', '#dc2626']] },
  { title: 'Response time, ms', lines: [['avg', 'avg', '#059669'], ['p90', 'p(90)', '#d97706'], ['p95', 'p(95)', '#db2777'], ['p99', 'p(99)', '#7c3aed']] },
  { title: 'Virtual users', lines: [['vus', 'VUs', '#0891b2']] },
  { title: 'Iterations per second', lines: [['iterations', 'iterations', '#4f46e5']] },
  { title: 'Bytes per second', lines: [['received', 'received', '#0d9488'], ['sent', 'sent', '#b45309']] },
  { title: 'Failed checks, %', lines: [['failedChecks', 'failed', '#dc2626']] },
];
const H = 180, L = 52, R = 8, T = 8, B = 22;
const svgNode = (name, attributes, text) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  return node;
};
const element = (name, text, className) => {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
};
const short = (value) => {
  if (value === undefined || value === null) return '–';
  for (const [limit, unit] of [[1e9, 'G'], [1e6, 'M'], [1e4, 'k']]) if (value >= limit) return (value / (limit === 1e4 ? 1e3 : limit)).toFixed(1) + unit;
  return value >= 100 ? value.toFixed(0) : String(Math.round(value * 100) / 100);
};
const niceTop = (value) => {
  if (!(value > 0)) return 1;
  const power = Math.pow(10, Math.floor(Math.log10(value)));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value);
};
const clock = (seconds) => Math.floor(seconds / 60) + ':' + String(Math.floor(seconds % 60)).padStart(2, '0');

for (const chart of charts) {
  const card = element('div', undefined, 'card');
  chart.svg = svgNode('svg', { role: 'img', 'aria-label': chart.title });
  chart.legend = element('div', undefined, 'legend');
  card.append(element('h2', chart.title), chart.svg, chart.legend);
  document.getElementById('charts').append(card);
  chart.svg.addEventListener('mousemove', (event) => {
    const box = chart.svg.getBoundingClientRect();
    const x = event.clientX - box.left;
    const end = Math.max(1, data.moments.length ? data.moments[data.moments.length - 1].at : 1);
    const at = ((x - L) / (box.width - L - R)) * end;
    let best = data.moments.length - 1;
    for (let i = 0; i < data.moments.length; i++) if (Math.abs(data.moments[i].at - at) < Math.abs(data.moments[best].at - at)) best = i;
    for (const other of charts) { other.pointed = best; draw(other); }
  });
  chart.svg.addEventListener('mouseleave', () => { for (const other of charts) { other.pointed = undefined; draw(other); } });
}

function draw(chart) {
  const { moments } = data;
  // As wide as it is shown: text keeps its shape.
  const W = Math.max(200, chart.svg.clientWidth);
  chart.svg.setAttribute('viewBox', '0 0 ' + W + ' ' + H);
  const end = Math.max(1, moments.length ? moments[moments.length - 1].at : 1);
  let top = 0;
  for (const moment of moments) for (const [key] of chart.lines) top = Math.max(top, moment[key] || 0);
  top = niceTop(top);
  const x = (at) => L + (at / end) * (W - L - R);
  const y = (value) => H - B - (value / top) * (H - T - B);
  const nodes = [];
  for (let i = 0; i <= 4; i++) {
    const value = (top * i) / 4;
    nodes.push(svgNode('line', { x1: L, x2: W - R, y1: y(value), y2: y(value), class: 'grid' }));
    nodes.push(svgNode('text', { x: L - 6, y: y(value) + 4, 'text-anchor': 'end' }, short(value)));
    nodes.push(svgNode('text', { x: x((end * i) / 4), y: H - 6, 'text-anchor': i === 0 ? 'start' : i === 4 ? 'end' : 'middle' }, clock((end * i) / 4)));
  }
  for (const [key, , colour] of chart.lines) {
    let path = '';
    let isPenDown = false;
    for (const moment of moments) {
      const value = moment[key];
      if (value === undefined || value === null) { isPenDown = false; continue; }
      path += (isPenDown ? 'L' : 'M') + x(moment.at).toFixed(1) + ' ' + y(value).toFixed(1);
      isPenDown = true;
    }
    nodes.push(svgNode('path', { d: path, fill: 'none', stroke: colour, 'stroke-width': 2, 'stroke-linejoin': 'round', 'vector-effect': 'non-scaling-stroke' }));
  }
  const shown = chart.pointed === undefined ? moments[moments.length - 1] : moments[chart.pointed];
  if (chart.pointed !== undefined && shown) nodes.push(svgNode('line', { x1: x(shown.at), x2: x(shown.at), y1: T, y2: H - B, class: 'cursor' }));
  chart.svg.replaceChildren(...nodes);
  chart.legend.replaceChildren(...chart.lines.map(([key, label, colour]) => {
    const item = element('span');
    const swatch = element('i');
    swatch.style.background = colour;
    item.append(swatch, label + ' ' + short(shown ? shown[key] : undefined));
    return item;
  }));
}

/** 1,234.5 */
const grouped = (value) => value.toLocaleString('en-US', { maximumFractionDigits: 2 });

function table(title, head, rows) {
  if (rows.length === 0) return undefined;
  const card = element('div', undefined, 'card');
  const body = element('table');
  const headRow = element('tr');
  head.forEach((name, i) => headRow.append(element('th', name, typeof rows[0][i] === 'number' ? 'n' : '')));
  body.append(headRow);
  for (const row of rows) {
    const line = element('tr');
    for (const cell of row) line.append(cell && cell.nodeType ? cell : typeof cell === 'number' ? element('td', grouped(cell), 'n') : element('td', cell === undefined ? '' : String(cell), ''));
    body.append(line);
  }
  card.append(element('h2', title), body);
  return card;
}

const mark = (ok) => element('td', ok ? '✓ passed' : '✗ failed', ok ? 'good' : 'bad');

/** What a threshold was compared with: the aggregate in front of its comparison. */
const measured = (item, metrics) => {
  const metric = metrics.find(({ name }) => name === item.metric);
  const value = metric && metric.values[item.source.split(/[<>=!]/)[0].trim()];
  return value === undefined ? '' : short(value) + (metric.contains === 'time' ? ' ms' : '');
};
const thresholdTable = (list, metrics) => table('Thresholds', ['metric', 'condition', 'measured', ''],
  list.map((item) => [item.metric, item.source, measured(item, metrics), mark(item.ok)]));

function showSummary() {
  const { summary } = data;
  const section = document.getElementById('summary');
  if (!summary) {
    const soFar = table('Thresholds so far', ['metric', 'condition', ''], data.thresholds.map((item) => [item.metric, item.source, mark(item.ok)]));
    section.hidden = soFar === undefined;
    section.replaceChildren(...[soFar].filter(Boolean));
    return;
  }
  const verdict = document.getElementById('verdict');
  verdict.hidden = false;
  verdict.textContent = summary.exitCode === 0 ? 'Passed' : 'Not passed (exit code ' + summary.exitCode + ')' + (summary.reason ? ': ' + summary.reason : '');
  verdict.className = summary.exitCode === 0 ? 'good' : 'bad';
  const totals = element('div', undefined, 'card totals');
  for (const [name, value] of summary.totals) {
    const item = element('div', name);
    item.prepend(element('b', /^\\d+$/.test(value) ? grouped(Number(value)) : value));
    totals.append(item);
  }
  const trends = summary.metrics.filter((metric) => metric.type === 'trend');
  const columns = trends.length ? Object.keys(trends[0].values) : [];
  const others = summary.metrics.filter((metric) => metric.type !== 'trend');
  section.hidden = false;
  section.replaceChildren(...[
    totals,
    thresholdTable(summary.thresholds, summary.metrics),
    table('Checks', ['check', 'group', 'passed', 'failed', ''], summary.checks.map((item) =>
      [item.name, item.path.split('::').slice(1, -1).join(' › '), item.passes, item.fails, mark(item.fails === 0)])),
    table('Trends', ['metric', ...columns], trends.map((metric) =>
      [metric.name + (metric.contains === 'time' ? ' (ms)' : ''), ...columns.map((name) => metric.values[name])])),
    table('Other metrics', ['metric', 'values'], others.map((metric) =>
      [metric.name, Object.entries(metric.values).map(([name, value]) => name + ' ' + grouped(value)).join(' · ')])),
    table('Errors', ['error', 'count'], summary.errors),
  ].filter(Boolean));
}

function show() {
  document.getElementById('about').textContent = data.script + ' · ' + new Date(data.startedAt).toLocaleString() + (data.isLive && !data.summary ? ' · running' : '');
  for (const chart of charts) draw(chart);
  showSummary();
}
show();
new ResizeObserver(() => charts.forEach(draw)).observe(document.getElementById('charts'));

if (data.isLive && !data.summary && location.protocol !== 'file:') {
  const events = new EventSource('events');
  events.addEventListener('all', (event) => { Object.assign(data, JSON.parse(event.data)); show(); });
  events.addEventListener('moment', (event) => { data.moments.push(JSON.parse(event.data)); show(); });
  events.addEventListener('thresholds', (event) => { data.thresholds = JSON.parse(event.data); show(); });
  events.addEventListener('end', (event) => { data.summary = JSON.parse(event.data); events.close(); show(); });
}
`;
