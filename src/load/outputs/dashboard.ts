import { writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorMessage } from '../../base/index.ts';
import { badOutput, checkWritable, type Output, type OutputContext, type OutputStart } from './output.ts';
import { compactDetails, reportPage, type PageData } from './page.ts';
import { Timeline } from './timeline.ts';

/**
 * `--out web-dashboard[=port=5665&host=localhost&export=report.html]`: a page that follows the run by server-sent
 * events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Saved, or exported, it is the report.
 */
interface Settings {
  readonly host: string;
  readonly port: number;
  readonly exportFile: string;
}

export function dashboardOutput(argument: string, context: OutputContext): Output {
  const settings = settingsOf(argument, context.env);
  if (settings.exportFile !== '') checkWritable(settings.exportFile);
  const dashboard = new Dashboard();
  return {
    get description() {
      return `web-dashboard (${dashboard.url ?? `http://${settings.host}:${settings.port}`})`;
    },
    async begin(start) {
      await dashboard.listen(settings, start, context);
    },
    report: (deltas) => dashboard.timeline.add(deltas),
    progress(progress) {
      const moment = dashboard.timeline.step(progress);
      if (moment) dashboard.tell('moment', moment);
      dashboard.judge(progress.thresholds);
    },
    end(result) {
      dashboard.finish(compactDetails(result));
      if (settings.exportFile !== '') writeFileSync(settings.exportFile, dashboard.page(false));
    },
    close: () => dashboard.close(),
  };
}

function settingsOf(argument: string, env: OutputContext['env']): Settings {
  const given = new URLSearchParams(argument);
  for (const name of given.keys())
    if (!['host', 'port', 'export', 'report'].includes(name))
      throw badOutput(`the web dashboard has no setting ${JSON.stringify(name)}: there are host, port and export`);
  const text = (name: string, variable: string, fallback: string): string =>
    given.get(name) ?? env[`K6_WEB_DASHBOARD_${variable}`] ?? fallback;
  const port = text('port', 'PORT', '5665');
  if (!/^\d+$/.test(port) || Number(port) > 65_535) throw badOutput(`not a port: ${JSON.stringify(port)}`);
  return {
    host: text('host', 'HOST', 'localhost'),
    port: Number(port),
    exportFile: given.get('report') ?? text('export', 'EXPORT', ''),
  };
}

class Dashboard {
  readonly timeline = new Timeline();
  url: string | undefined;
  readonly #followers = new Set<ServerResponse>();
  #server: Server | undefined;
  #start: OutputStart | undefined;
  #summary: PageData['summary'];
  #thresholds: PageData['thresholds'] = [];

  /** A port that is taken is a warning: the test matters more than its picture. */
  async listen({ host, port }: Settings, start: OutputStart, { warn }: OutputContext): Promise<void> {
    this.#start = start;
    const server = createServer((request, response) => {
      const path = (request.url ?? '/').split('?')[0];
      if (path === '/events') this.#follow(response);
      else if (path === '/' || path === '/ui/')
        response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).end(this.page(true));
      else if (path === '/report') response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(this.page(false));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => {
      server.once('error', (error) => {
        warn(`the web dashboard is not there: ${errorMessage(error)}`);
        resolve();
      });
      server.listen(port, host, () => {
        this.#server = server;
        this.url = `http://${host}:${(server.address() as AddressInfo).port}`;
        resolve();
      });
    });
  }

  page(isLive: boolean): string {
    return reportPage(this.#data(isLive));
  }

  tell(event: string, value: unknown): void {
    for (const follower of this.#followers) follower.write(eventText(event, value));
  }

  /** Tells only what has changed. */
  judge(thresholds: PageData['thresholds']): void {
    const isSame = thresholds.length === this.#thresholds.length && thresholds.every(({ ok }, i) => ok === this.#thresholds[i]?.ok);
    this.#thresholds = thresholds;
    if (!isSame) this.tell('thresholds', thresholds);
  }

  finish(summary: NonNullable<PageData['summary']>): void {
    this.#summary = summary;
    this.tell('end', summary);
  }

  async close(): Promise<void> {
    for (const follower of this.#followers) follower.end();
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  }

  /** A follower first gets all there is, so that one who comes late or comes back misses nothing. */
  #follow(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' });
    response.write(eventText('all', this.#data(true)));
    this.#followers.add(response);
    response.on('close', () => this.#followers.delete(response));
  }

  #data(isLive: boolean): PageData {
    const { script = '', startedAtMs = 0 } = this.#start ?? {};
    return {
      script,
      startedAt: new Date(startedAtMs).toISOString(),
      moments: this.timeline.moments,
      thresholds: this.#thresholds,
      summary: this.#summary,
      isLive,
    };
  }
}

function eventText(event: string, value: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`;
}
