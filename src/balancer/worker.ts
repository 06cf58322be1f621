import { connectParent, systemClock, type SocketHandle } from '../base/index.ts';
import type { BalancerCommand, BalancerEvent, RoutingSnapshot } from '../model/index.ts';
import { Engine } from './engine.ts';
import { probe } from './health/probe.ts';
import { ListeningSockets } from './transport/listening.ts';
import { Runtime } from './runtime.ts';

/** The process of a balancer worker: snapshots in, events out. Ends with its parent, drains on SIGTERM. */
const DRAIN_MS = 3_600_000;

const send = connectParent<BalancerCommand, BalancerEvent>({
  onMessage: (command, socket) => onCommand(command, socket),
  onEnd: (why) => {
    if (why === 'parent gone') process.exit(1);
    void end(false);
  },
});

const engine = new Engine(systemClock);
engine.onWarning = (line) => void process.stderr.write(`${line}\n`);
const sockets = new ListeningSockets({
  // Windows has no SO_REUSEPORT that spreads connections; macOS has, but gives them all to the last.
  share: process.platform === 'linux',
  onOpened: (bound, socket) => send({ type: 'listening', ...bound }, socket),
});
const runtime = new Runtime(
  engine,
  {
    probe,
    onHealth: (health) => send({ type: 'health', health }),
    onDrained: (targetGroupId, targetId) => send({ type: 'drained', targetGroupId, targetId }),
  },
  sockets,
);
systemClock.every(1000, () => send({ type: 'metrics', delta: runtime.tick() }));

// Snapshots are applied one after the other, in the order they came.
let applying = Promise.resolve();
function onCommand(command: BalancerCommand, socket: SocketHandle | undefined): void {
  if (command.type === 'retire') void end(true);
  else if (command.type === 'socket') {
    if (socket !== undefined) sockets.handOver(command.id, socket);
  } else applying = applyAfter(applying, command.snapshot, command.owned);
}

async function end(gently: boolean): Promise<void> {
  await runtime.drain(DRAIN_MS, gently);
  send({ type: 'metrics', delta: runtime.tick() });
  process.exit(0);
}

async function applyAfter(earlier: Promise<void>, snapshot: RoutingSnapshot, owned: readonly string[] = []): Promise<void> {
  await earlier;
  const { bound, failed } = await runtime.apply(snapshot, new Set(owned));
  send({ type: 'applied', revision: snapshot.revision, bound, failed });
}

send({ type: 'ready' });
