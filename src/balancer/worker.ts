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
    void runtime.drain(DRAIN_MS).then(() => {
      send({ type: 'metrics', delta: runtime.tick() });
      process.exit(0);
    });
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
  process.argv.includes('--reuse-port'),
);
systemClock.every(1000, () => send({ type: 'metrics', delta: runtime.tick() }));

// Snapshots are applied one after the other, in the order they came.
let applying = Promise.resolve();
function onCommand({ snapshot }: BalancerCommand): void {
  applying = applyAfter(applying, snapshot);
}

async function applyAfter(earlier: Promise<void>, snapshot: RoutingSnapshot): Promise<void> {
  await earlier;
  const { bound, failed } = await runtime.apply(snapshot);
  send({ type: 'applied', revision: snapshot.revision, bound, failed });
}

send({ type: 'ready' });
