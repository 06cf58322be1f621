import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { hello } from './api.ts';
import type { Hello, Picture } from './contract.ts';
import { clock } from './format.ts';
import { useLive, type Live } from './live.ts';
import { Overview } from './overview/overview.tsx';
import { Groups } from './pages/autoScalingGroups.tsx';
import { CloudWatch } from './pages/cloudwatch.tsx';
import { Databases } from './pages/databases.tsx';
import { Ecs } from './pages/ecs.tsx';
import { Instances } from './pages/instances.tsx';
import { LoadBalancers } from './pages/loadBalancers.tsx';
import { TargetGroups } from './pages/targetGroups.tsx';
import { Run } from './pages/testRun.tsx';
import { Tests } from './pages/tests.tsx';
import { follow, usePlace } from './router.ts';
import { messageOf, Now, Problem, Region } from './widgets/aws.tsx';
import { Link, Page } from './widgets/page.tsx';

/** The pages, in the order of the menu; the first part of the path chooses. */
const sections: readonly { readonly path: string; readonly title: string; readonly page: (given: Given) => JSX.Element }[] = [
  { path: '', title: 'Overview', page: ({ live, known }) => <Overview live={live} endpoint={known.endpoint ?? ''} /> },
  { path: 'load-balancers', title: 'Load balancers', page: ({ live, rest }) => <LoadBalancers picture={live.picture} rest={rest} /> },
  { path: 'target-groups', title: 'Target groups', page: ({ live, rest }) => <TargetGroups picture={live.picture} rest={rest} /> },
  { path: 'auto-scaling-groups', title: 'Auto Scaling groups', page: ({ live, rest }) => <Groups picture={live.picture} rest={rest} /> },
  { path: 'ecs', title: 'ECS', page: ({ live, rest }) => <Ecs picture={live.picture} rest={rest} /> },
  { path: 'instances', title: 'EC2', page: ({ live, rest }) => <Instances picture={live.picture} rest={rest} /> },
  { path: 'cloudwatch', title: 'CloudWatch', page: ({ rest }) => <CloudWatch rest={rest} /> },
  { path: 'databases', title: 'RDS', page: ({ live, rest }) => <Databases picture={live.picture} rest={rest} /> },
  { path: 'tests', title: 'Load tests', page: ({ live, rest }) => <Tests live={live} rest={rest} /> },
];

interface Given {
  readonly live: Live;
  readonly known: Hello;
  /** The path behind the section. */
  readonly rest: readonly string[];
}

export function App(): JSX.Element {
  const { parts, query } = usePlace();
  const [known, setKnown] = useState<Hello>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    hello().then(setKnown, (caught: unknown) => setError(messageOf(caught)));
  }, []);
  const region = known === undefined || known.region !== undefined ? (query.get('region') ?? known?.region) : undefined;
  // A console without a region has its one load test to tell of.
  const live = useLive(known === undefined ? undefined : (region ?? ''));
  const section = sections.find(({ path }) => path === (parts[0] ?? ''));
  useEffect(() => {
    document.title =
      section === undefined || section.path === '' ? 'Plimsoll' : `${[section.title, ...parts.slice(1)].join(' › ')} · Plimsoll`;
  }, [parts.join('/')]);
  return (
    <Region.Provider value={region ?? 'us-east-1'}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header known={known} picture={live.picture} region={region} chosen={section?.path} />
      {live.connection === 'lost' ? (
        <p class="banner" role="status">
          {region === undefined
            ? 'plimsoll run has ended, or does not answer. What you see is the last that was heard.'
            : 'The region does not answer. What you see is the last that was heard; the page goes on by itself when it is back.'}
        </p>
      ) : undefined}
      <Problem error={error} />
      <Now.Provider value={live.picture?.atMs ?? 0}>
        {known === undefined ? undefined : section === undefined ? (
          <Page title="There is no such page">
            <Link to="/">To the overview</Link>
          </Page>
        ) : region === undefined ? (
          <WithoutRegion live={live} section={section} />
        ) : (
          section.page({ live, known, rest: parts.slice(1) })
        )}
      </Now.Provider>
    </Region.Provider>
  );
}

/** The page of `plimsoll run`: its load test is what there is. */
function WithoutRegion({ live: { test }, section }: { readonly live: Live; readonly section: (typeof sections)[number] }): JSX.Element {
  if (section.path !== '' && section.path !== 'tests') {
    return (
      <Page title={section.title}>
        <p class="empty">
          No region is behind this page, which shows a load test of plimsoll run: plimsoll up starts a region with a console of its own.{' '}
          <Link to="/">To the load test</Link>
        </p>
      </Page>
    );
  }
  if (test === undefined) return <Page title={section.title}>{<p class="empty">Waiting for the load test…</p>}</Page>;
  return <Run id={test.id} live={test} alone />;
}

interface HeaderProps {
  readonly known: Hello | undefined;
  readonly picture: Picture | undefined;
  readonly region: string | undefined;
  readonly chosen: string | undefined;
}

function Header({ known, picture, region, chosen }: HeaderProps): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <header class="top">
      <div class="bar">
        <Link to="/" class="brand">
          <img src="/icon.svg" alt="" width="24" height="24" /> Plimsoll
        </Link>
        <button type="button" class="menu" aria-expanded={open} aria-controls="menu" onClick={() => setOpen(!open)}>
          Menu
        </button>
        <span class="clock">
          {picture === undefined ? '' : clock(picture.atMs)}
          {picture === undefined || picture.timeScale === 1 ? '' : ` · ${picture.timeScale} × as fast`}
        </span>
        {known === undefined || region === undefined ? undefined : (
          <label class="region">
            <span class="unseen">Region</span>
            <select value={region} onChange={(event) => location.assign(`${location.pathname}?region=${event.currentTarget.value}`)}>
              {[...new Set([...known.regions, region])].map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
      </div>
      <nav id="menu" aria-label="Pages" class={open ? 'open' : ''} onClick={() => setOpen(false)}>
        {sections.map(({ path, title }) => (
          <a key={path} href={`/${path}`} class="entry" {...(path === chosen ? { 'aria-current': 'page' as const } : {})} onClick={follow}>
            {title}
          </a>
        ))}
      </nav>
    </header>
  );
}
