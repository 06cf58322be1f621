import type { Value } from '../../language/index.ts';
import type { InstanceAddress, Target } from '../address.ts';
import type { Configuration } from '../configuration/types.ts';
import { DiagnosticsError, type Diagnostic } from '../diagnostics.ts';
import type { Schema } from '../schema.ts';
import type { Path, State } from '../state/state.ts';

/**
 * What is to be done with one object. `forget` takes it out of the state and leaves it in the world (a `removed` block
 * with `destroy = false`); `read` is a data source that can be read during apply only.
 */
export type Action = 'no-op' | 'create' | 'read' | 'update' | 'delete' | 'replace' | 'forget';

/** Why it is replaced, deleted or read late: the values of `action_reason` in Terraform's JSON. */
export type Reason =
  | 'replace_because_tainted'
  | 'replace_because_cannot_update'
  | 'replace_by_request'
  | 'replace_by_triggers'
  | 'delete_because_no_resource_config'
  | 'delete_because_wrong_repetition'
  | 'delete_because_count_index'
  | 'delete_because_each_key'
  | 'delete_because_no_module'
  | 'read_because_config_unknown'
  | 'read_because_dependency_pending';

/** A resource's values by argument and attribute; `Unknown` and `Sensitive` may stand anywhere in them. */
export type ResourceObject = { readonly [name: string]: Value };

export interface ResourceChange {
  readonly address: InstanceAddress;
  /** The state's `provider["registry.terraform.io/hashicorp/aws"]`. */
  readonly provider: string;
  /** What its values are by name; empty of a type that is not known any more. */
  readonly schema: Schema;
  readonly action: Action;
  /** Of a replacement: the new object is made before the old one is deleted (`+/-` rather than `-/+`). */
  readonly createBeforeDestroy: boolean;
  /** Undefined when there is none yet; after refresh. */
  readonly before: ResourceObject | undefined;
  /** Undefined when there will be none. All names of the schema are in it; what the provider will say is `unknown`. */
  readonly after: ResourceObject | undefined;
  /** What forces the replacement. */
  readonly replacePaths: readonly Path[];
  readonly reason?: Reason | undefined;
  /** The object is an old one, waiting to be deleted, rather than the instance's current one. */
  readonly deposed?: string | undefined;
  /** Where it was in the state before a `moved` block or a change of `count` gave it its address. */
  readonly movedFrom?: InstanceAddress | undefined;
  /** An `import` block brings it under Terraform: the id that it has. */
  readonly importId?: string | undefined;
}

export interface OutputChange {
  readonly name: string;
  readonly action: 'no-op' | 'create' | 'update' | 'delete';
  /** Undefined when there was none. May hold `Sensitive`. */
  readonly before: Value | undefined;
  /** Undefined when there will be none. May hold `Unknown` and `Sensitive`. */
  readonly after: Value | undefined;
  /** Declared so: neither side is to be shown. */
  readonly sensitive: boolean;
}

/** The outcome of a `check` block, or of preconditions, postconditions and validations of one object. */
export interface CheckResult {
  /** `check.health`, `aws_lb.main`, `output.url`, `var.image`. */
  readonly address: string;
  readonly kind: 'check' | 'resource' | 'output' | 'variable';
  readonly status: 'pass' | 'fail' | 'error' | 'unknown';
  /** Of the conditions that do not hold. */
  readonly messages: readonly string[];
}

export type PlanMode = 'normal' | 'destroy' | 'refresh-only';

export interface Plan {
  readonly configuration: Configuration;
  readonly mode: PlanMode;
  readonly targets: readonly Target[];
  /** In Terraform's order of addresses, `no-op` ones among them. */
  readonly changes: readonly ResourceChange[];
  /** By name, `no-op` ones among them. */
  readonly outputs: readonly OutputChange[];
  /** What changed outside of Terraform since the state was written: `update` or `delete`, from state to world. */
  readonly drift: readonly ResourceChange[];
  readonly checks: readonly CheckResult[];
  readonly warnings: readonly Diagnostic[];
  /** The state as given. */
  readonly priorState: State;
  /** The state as refreshed: what apply starts from, and all that a refresh-only plan writes. */
  readonly refreshedState: State;
  /** Whether applying it does anything: to resources, outputs, or, of refresh-only, to the state. */
  readonly hasChanges: boolean;
}

/** Everything that is wrong, and what was planned in spite of it. */
export class UnfinishedPlanError extends DiagnosticsError {
  readonly plan: Plan;

  constructor(diagnostics: readonly Diagnostic[], plan: Plan, cause: unknown) {
    super(diagnostics, cause);
    this.plan = plan;
  }
}

export interface PlanOptions {
  /** `normal` unless said. */
  readonly mode?: PlanMode;
  /** Only these and what they depend on; all when empty. */
  readonly targets?: readonly Target[];
  /** Instances to be replaced although nothing asks for it. */
  readonly replace?: readonly InstanceAddress[];
  /** False: the state is taken for the world. */
  readonly refresh?: boolean;
  /** How many things are read at a time; 100 unless said, for reads of the same moment share calls. */
  readonly parallelism?: number;
  readonly signal?: AbortSignal;
  readonly hooks?: PlanHooks;
}

/** Told while a plan is made. */
export interface PlanHooks {
  /** `aws_lb.main: Refreshing state... [id=…]` */
  refreshing?(address: InstanceAddress, id: string): void;
  /** `data.aws_vpc.default: Reading...` */
  reading?(address: InstanceAddress): void;
  /** `data.aws_vpc.default: Read complete after 0s [id=…]` */
  read?(address: InstanceAddress, id: string): void;
}
