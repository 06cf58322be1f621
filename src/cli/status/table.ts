import type { Status } from './collect.ts';

type Row = readonly string[];

/** A region's state for people: one table for each kind of resource that there is. */
export function statusText(status: Status): string {
  const sections = [
    table('Load balancers', ['NAME', 'STATE', 'LISTENER', 'URL'], status.loadBalancers.flatMap(loadBalancerRows)),
    table('Target groups', ['NAME', 'TARGET', 'STATE', 'REASON'], status.targetGroups.flatMap(targetGroupRows)),
    table(
      'Auto Scaling groups',
      ['NAME', 'RUNNING', 'DESIRED', 'MIN', 'MAX'],
      status.groups.map((one) => [one.name, ...counts(one)]),
    ),
    table(
      'Services',
      ['NAME', 'RUNNING', 'DESIRED', 'MIN', 'MAX'],
      status.services.map((one) => [`${one.cluster}/${one.name}`, ...counts(one)]),
    ),
    table(
      'Instances',
      ['ID', 'NAME', 'STATE', 'ADDRESS', 'URL'],
      status.instances.map(({ id, name, state, privateIp, urls }) => [id, name, state, privateIp, urls.join(' ')]),
    ),
    table(
      'Databases',
      ['ID', 'ENGINE', 'STATE', 'ADDRESS'],
      status.databases.map(({ id, engine, state, address, port }) => [
        id,
        engine,
        state,
        address === undefined ? '' : `${address}:${port ?? ''}`,
      ]),
    ),
    table(
      'Alarms',
      ['NAME', 'STATE', 'REASON'],
      status.alarms.map(({ name, state, reason }) => [name, state, reason]),
    ),
    table(
      'Activities',
      ['AT', 'OF', 'STATUS', 'WHAT'],
      status.activities.map((one) => [one.at.slice(0, 19).replace('T', ' '), one.of, one.status, one.description]),
    ),
  ].filter((section) => section !== '');
  return sections.length === 0 ? 'Nothing is here yet.\n' : sections.join('\n');
}

function loadBalancerRows({ name, state, listeners }: Status['loadBalancers'][number]): Row[] {
  if (listeners.length === 0) return [[name, state, 'none', '']];
  return listeners.map(({ port, protocol, url = '' }, index) => [
    index === 0 ? name : '',
    index === 0 ? state : '',
    `${protocol} ${port}`,
    url,
  ]);
}

function targetGroupRows({ name, targets }: Status['targetGroups'][number]): Row[] {
  if (targets.length === 0) return [[name, 'none', '', '']];
  return targets.map(({ id, port, state, reason = '' }, index) => [
    index === 0 ? name : '',
    port === undefined ? id : `${id}:${port}`,
    state,
    reason,
  ]);
}

function counts({ running, desired, min, max }: Status['groups'][number]): Row {
  return [running, desired, min ?? '', max ?? ''].map(String);
}

function table(title: string, head: Row, rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  const text = lines.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
  return `${title}\n${text.join('\n')}\n`;
}
