import type { ApplyResult, Diagnostic, LockInfo, Plan, ResourceChange, Step } from '../engine/index.ts';
import type { InstanceAddress, State } from '../engine/index.ts';

/** What a command tells while it works: as Terraform does on a terminal, or as one JSON object a line. */
export interface View {
  /** `id` is known of what is in the state. */
  refreshing(address: InstanceAddress, id: string): void;
  reading(address: InstanceAddress): void;
  read(address: InstanceAddress, id: string): void;
  planned(plan: Plan, next: PlanUse): void;
  /** The plan could not be made whole; why is told after this. */
  unfinished(plan: Plan): void;
  started(change: ResourceChange, step: Step, id: string | undefined): void;
  /** It takes its time. */
  stillRunning(change: ResourceChange, step: Step, id: string | undefined, elapsedMs: number): void;
  finished(change: ResourceChange, step: Step, id: string | undefined, elapsedMs: number): void;
  failed(change: ResourceChange, step: Step, error: unknown, elapsedMs: number): void;
  /** A `local-exec` provisioner begins, and a line of what it says. */
  provisioning(change: ResourceChange): void;
  provisioned(change: ResourceChange, line: string): void;
  applied(result: ApplyResult, plan: Plan): void;
  outputs(state: State): void;
  diagnostics(diagnostics: readonly Diagnostic[]): void;
  /** The lock of a process that is gone was taken over. */
  tookLock(from: LockInfo): void;
}

/** What becomes of a plan: it is applied, looked at, or kept in a file. */
export type PlanUse = 'apply' | 'look' | { readonly file: string };

/** What is being done, in Terraform's three forms. */
export const stepWords: Readonly<Record<Step, { readonly start: string; readonly going: string; readonly done: string }>> = {
  create: { start: 'Creating', going: 'creating', done: 'Creation' },
  update: { start: 'Modifying', going: 'modifying', done: 'Modifications' },
  delete: { start: 'Destroying', going: 'destroying', done: 'Destruction' },
  read: { start: 'Reading', going: 'reading', done: 'Read' },
};

/** `3s`, `1m5s`, as Terraform has it. */
export function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** `1 added, 0 changed, 0 destroyed`. */
export function appliedCounts({ imported, added, changed, destroyed }: ApplyResult['counts']): string {
  return `${imported > 0 ? `${imported} imported, ` : ''}${added} added, ${changed} changed, ${destroyed} destroyed`;
}

/** `Apply complete! Resources: 1 added, 0 changed, 0 destroyed.` */
export function appliedSummary({ counts }: ApplyResult, { mode }: Plan): string {
  return mode === 'destroy'
    ? `Destroy complete! Resources: ${counts.destroyed} destroyed.`
    : `Apply complete! Resources: ${appliedCounts(counts)}.`;
}
