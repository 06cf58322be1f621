import type { Diagnostic } from '../diagnostics.ts';
import type { CheckResult, ResourceChange } from '../plan/types.ts';
import type { State } from '../state/state.ts';

/** What is being done to one object. A replacement is a `delete` and a `create`. */
export type Step = 'create' | 'update' | 'delete' | 'read';

/** Told while a plan is applied. `id` is the object's, as far as it has one. */
export interface ApplyHooks {
  /** `aws_lb.main: Creating...`, `aws_lb.main: Destroying... [id=…]` */
  started?(change: ResourceChange, step: Step, id: string | undefined): void;
  /** `aws_lb.main: Creation complete after 2s [id=…]` */
  finished?(change: ResourceChange, step: Step, id: string | undefined): void;
  failed?(change: ResourceChange, step: Step, error: unknown): void;
  /** A `local-exec` provisioner begins. */
  provisioning?(change: ResourceChange): void;
  /** A line of what it does, or of what its command prints. */
  provisioned?(change: ResourceChange, line: string): void;
}

export interface ApplyOptions {
  readonly hooks?: ApplyHooks;
  /** Called after every change, one call at a time, and once at the end; what it rejects with stops the apply. */
  readonly save?: (state: State) => Promise<void>;
  /** Once aborted nothing new is begun; what runs is waited for, unless the clients' own signal ends it. */
  readonly signal?: AbortSignal;
  /** How many changes at a time; 10. */
  readonly parallelism?: number;
}

export interface ApplyResult {
  /** True in every case: what was done is in it, what failed is as it was or tainted. */
  readonly state: State;
  /** How many objects were `added`, `changed` and `destroyed`, as Terraform counts: a replacement is one added and one destroyed. */
  readonly counts: { readonly imported: number; readonly added: number; readonly changed: number; readonly destroyed: number };
  /** Errors and warnings. With an error the apply is not whole; applying again goes on from there. */
  readonly diagnostics: readonly Diagnostic[];
  readonly checks: readonly CheckResult[];
  readonly cancelled: boolean;
}
