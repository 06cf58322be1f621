import { connectParent, systemClock } from '../base/index.ts';
import type { BalancerCommand, BalancerEvent, RoutingSnapshot } from '../model/index.ts';
import { Engine } from './engine.ts';
import { probe } from './health/probe.ts';
import { Runtime } from './runtime.ts';

/** The process of a balancer worker: snapshots in, events out. Ends with its parent, drains on SIGTERM. */
const DRAIN_MS = 3_600_000;

const send = connectParent<BalancerCommand, BalancerEvent>({
  onMessage: (command) => onCommand(command),
  onEnd: (why) => {
    if (why === 'parent gone') process.exit(1);
    void end(false);
  },
});

const engine = new Engine(systemClock);
const runtime = new Runtime(
  engine,
  {
    probe,
    onHealth: (health) => send({ type: 'health', health }),
    onDrained: (targetGroupId, targetId) => send({ type: 'drained', targetGroupId, targetId }),
  },
  // Windows has no SO_REUSEPORT that spreads connections; macOS has, but gives them all to the last.
  process.platform === 'linux',
);
systemClock.every(1000, () => send({ type: 'metrics', delta: runtime.tick() }));

// Snapshots are applied one after the other, in the order they came.
let applying = Promise.resolve();
function onCommand(command: BalancerCommand): void {
  if (command.type === 'retire') void end(true);
  else applying = applyAfter(applying, command.snapshot, command.owned);
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
