import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type {
  CapacityPicture,
  DatabasePicture,
  ListenerPicture,
  LoadBalancerPicture,
  Picture,
  TargetGroupPicture,
  Traffic,
  UnitPicture,
} from '../contract.ts';
import { count, countOf, milliseconds, percent, span } from '../format.ts';
import { pathOf } from '../router.ts';
import { Link } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { AddedLatency } from '../pages/addedLatency.tsx';
import { clientsNode, edgesOf } from './edges.ts';

/** The system in one picture: clients → listeners → target groups → tasks or instances → databases. */
export function Diagram({ picture, users }: { readonly picture: Picture; readonly users: number | undefined }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const lines = useLines(place, picture);
  const requests = picture.loadBalancers.reduce((sum, { traffic }) => sum + traffic.requestsPerSecond, 0);
  return (
    <div class="diagram" ref={place}>
      <svg aria-hidden="true" class="edges">
        {lines.map(({ key, path, speed, kind }) => (
          <path key={key} d={path} class={`${kind} speed-${speed}`} />
        ))}
      </svg>
      <Lane title="Clients">
        <Node
          id={clientsNode}
          title={users === undefined ? 'Clients' : countOf(users, 'virtual user')}
          kind={users === undefined ? 'Whoever sends requests' : 'Load test'}
        >
          <p class="figure">
            {count(requests)} <small>requests/s</small>
          </p>
          {users === undefined ? <Link to="/tests">Start a load test</Link> : <Link to="/tests">Load test</Link>}
        </Node>
      </Lane>
      <Lane title="Load balancers">
        {picture.loadBalancers.map((balancer) => (
          <Balancer key={balancer.arn} balancer={balancer} />
        ))}
      </Lane>
      <Lane title="Target groups">
        {picture.targetGroups.map((group) => (
          <Group key={group.arn} group={group} />
        ))}
      </Lane>
      <Lane title="Tasks and instances">
        {picture.capacities.map((capacity) => (
          <Capacity key={capacity.id} capacity={capacity} atMs={picture.atMs} />
        ))}
        {picture.instances.map((instance) => (
          <Node
            key={instance.id}
            id={instance.id}
            title={instance.tagName ?? instance.name}
            to={pathOf('instances', instance.id)}
            kind="EC2 instance"
          >
            <Units units={[instance]} atMs={picture.atMs} />
          </Node>
        ))}
      </Lane>
      {picture.databases.length === 0 ? undefined : (
        <Lane title="Databases">
          {picture.databases.map((database) => (
            <Database key={database.id} database={database} />
          ))}
        </Lane>
      )}
    </div>
  );
}

function Lane({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <section class="lane" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

interface NodeProps {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly to?: string;
  readonly children: ComponentChildren;
}

function Node({ id, title, kind, to, children }: NodeProps): JSX.Element {
  return (
    <article class="node" data-node={id}>
      <p class="kind">{kind}</p>
      <h3>{to === undefined ? title : <Link to={to}>{title}</Link>}</h3>
      {children}
    </article>
  );
}

function TrafficFigures({ traffic }: { readonly traffic: Traffic }): JSX.Element {
  return (
    <ul class="figures">
      <li>
        <b>{count(traffic.requestsPerSecond)}</b> req/s
      </li>
      <li>
        p95 <b>{milliseconds(traffic.p95Ms)}</b>
      </li>
      <li class={traffic.errorsPerSecond > 0 ? 'bad' : ''}>
        <b>{count(traffic.errorsPerSecond)}</b> errors/s
      </li>
    </ul>
  );
}

function Balancer({ balancer }: { readonly balancer: LoadBalancerPicture }): JSX.Element {
  const kind = balancer.type === 'network' ? 'Network Load Balancer' : 'Application Load Balancer';
  return (
    <Node id={balancer.arn} title={balancer.name} kind={kind} to={pathOf('load-balancers', balancer.name)}>
      {balancer.state === 'active' ? undefined : <Status state={balancer.state} />}
      <TrafficFigures traffic={balancer.traffic} />
      <ul class="listeners">
        {balancer.listeners.map((listener) => (
          <Listener key={listener.arn} listener={listener} />
        ))}
      </ul>
    </Node>
  );
}

const rulesShown = 4;

/** What is usual goes without saying. */
const short = (condition: string): string => condition.replace(/^path-pattern is /, '');

/** A door of the balancer, and where its rules send what comes in. */
function Listener({ listener: { port, protocol, url, rules } }: { readonly listener: ListenerPicture }): JSX.Element {
  const name = `${protocol}:${port}`;
  const rest = rules.length > rulesShown + 1 ? rules.slice(0, rulesShown - 1).concat(rules.at(-1)!) : rules;
  return (
    <li>
      {url === undefined ? (
        name
      ) : (
        <a href={url} rel="noreferrer" target="_blank">
          {name}
        </a>
      )}
      <ol class="rules" aria-label={`Rules of ${name}`}>
        {rest.map(({ priority, conditions, action }) => (
          <li key={priority}>
            {conditions.length > 0 ? conditions.map(short).join(' and ') : rules.length > 1 ? 'otherwise' : 'all'} →{' '}
            {action.replace(/^forward to /, '')}
          </li>
        ))}
        {rest.length < rules.length ? <li>and {rules.length - rest.length} more</li> : undefined}
      </ol>
    </li>
  );
}

function Group({ group }: { readonly group: TargetGroupPicture }): JSX.Element {
  const healthy = group.targets.filter(({ state }) => state === 'healthy').length;
  const ill = group.targets.filter(({ state }) => state === 'unhealthy').length;
  return (
    <Node id={group.arn} title={group.name} kind={`Target group · ${group.protocol}`} to={pathOf('target-groups', group.name)}>
      <p>
        <b>{healthy}</b> of {group.targets.length} healthy{ill > 0 ? <span class="bad"> · {ill} unhealthy</span> : ''}
      </p>
      <TrafficFigures traffic={group.traffic} />
      <AddedLatency targets={group.targets} />
    </Node>
  );
}

function Capacity({ capacity, atMs }: { readonly capacity: CapacityPicture; readonly atMs: number }): JSX.Element {
  const { kind, cluster = '', name, running, desired, min, max } = capacity;
  const to = kind === 'service' ? pathOf('ecs', cluster, name) : pathOf('auto-scaling-groups', name);
  return (
    <Node id={capacity.id} title={name} kind={kind === 'service' ? 'ECS service' : 'Auto Scaling group'} to={to}>
      <p>
        <b>{running}</b> of {desired} desired {min === undefined ? undefined : <small>{`min ${min}, max ${max ?? min}`}</small>}
      </p>
      <Units units={capacity.units} atMs={atMs} />
    </Node>
  );
}

/** A tile for each task or instance: its health as colour and mark, its CPU as a bar. */
function Units({ units, atMs }: { readonly units: readonly UnitPicture[]; readonly atMs: number }): JSX.Element {
  return (
    <ul class="units">
      {units.map((unit) => (
        <li key={unit.id} class={`unit ${unit.phase} ${unit.health}`} title={describe(unit, atMs)}>
          <span class="unit-name">{unit.name}</span>
          <meter min={0} max={100} value={Math.min(100, unit.cpuPercent ?? 0)} aria-label={`CPU of ${unit.name}`} />
          <span class="unit-state">
            {unit.phase === 'running' && unit.cpuPercent !== undefined ? `CPU ${percent(unit.cpuPercent)}` : unit.state.toLowerCase()}
            {unit.requestsPerSecond === undefined || unit.phase !== 'running' ? '' : ` · ${count(Math.round(unit.requestsPerSecond))}/s`}
          </span>
        </li>
      ))}
    </ul>
  );
}

function describe({ id, state, health, cpuPercent, memoryPercent, startedAtMs }: UnitPicture, atMs: number): string {
  const since = startedAtMs === undefined ? '' : `, for ${span(atMs - startedAtMs)}`;
  return `${id}: ${state}${since}, ${health}, CPU ${percent(cpuPercent)}, memory ${percent(memoryPercent)}`;
}

function Database({ database }: { readonly database: DatabasePicture }): JSX.Element {
  return (
    <Node id={`database ${database.id}`} title={database.id} kind={`RDS · ${database.engine}`} to={pathOf('databases', database.id)}>
      <Status state={database.state} />
      <AddedLatency targets={[database]} />
      <ul class="figures">
        <li>
          CPU <b>{percent(database.cpuPercent)}</b>
        </li>
        <li>
          <b>{count(database.connections)}</b> connections
        </li>
      </ul>
    </Node>
  );
}

interface DrawnLine {
  readonly key: string;
  readonly path: string;
  readonly speed: 0 | 1 | 2 | 3;
  readonly kind: 'traffic' | 'data';
}

/** Lines between the nodes where the browser has put them: beside each other on a wide screen, below each other on a narrow one. */
function useLines(place: { readonly current: HTMLDivElement | null }, picture: Picture): readonly DrawnLine[] {
  const [lines, setLines] = useState<readonly DrawnLine[]>([]);
  const [size, setSize] = useState('');
  useLayoutEffect(() => {
    const observed = new ResizeObserver(([entry]) => setSize(`${entry?.contentRect.width} ${entry?.contentRect.height}`));
    observed.observe(place.current!);
    return () => observed.disconnect();
  }, []);
  useLayoutEffect(() => {
    const root = place.current!.getBoundingClientRect();
    const boxes = new Map<string, DOMRect>();
    for (const node of place.current!.querySelectorAll<HTMLElement>('[data-node]'))
      boxes.set(node.dataset['node']!, node.getBoundingClientRect());
    const drawn = edgesOf(picture).flatMap(({ from, to, rate, kind }): DrawnLine[] => {
      const [a, b] = [boxes.get(from), boxes.get(to)];
      if (a === undefined || b === undefined) return [];
      return [{ key: `${from} ${to}`, path: curve(a, b, root), speed: speedOf(rate), kind }];
    });
    setLines((before) => (JSON.stringify(before) === JSON.stringify(drawn) ? before : drawn));
  }, [picture, size]);
  return lines;
}

function curve(a: DOMRect, b: DOMRect, root: DOMRect): string {
  const beside = b.left >= a.right;
  const [x1, y1] = beside ? [a.right - root.left, a.top + a.height / 2 - root.top] : [a.right - 32 - root.left, a.bottom - root.top];
  const [x2, y2] = beside ? [b.left - root.left, b.top + b.height / 2 - root.top] : [b.right - 32 - root.left, b.top - root.top];
  const [cx, cy] = beside ? [(x2 - x1) / 2, 0] : [0, (y2 - y1) / 2];
  const at = (value: number): string => value.toFixed(0);
  return `M${at(x1)} ${at(y1)}C${at(x1 + cx)} ${at(y1 + cy)} ${at(x2 - cx)} ${at(y2 - cy)} ${at(x2)} ${at(y2)}`;
}

function speedOf(rate: number): DrawnLine['speed'] {
  if (rate <= 0) return 0;
  return rate < 10 ? 1 : rate < 300 ? 2 : 3;
}
