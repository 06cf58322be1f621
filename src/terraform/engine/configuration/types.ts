import type { Body, Expression, Range, Reference, Type, Value } from '../../language/index.ts';
import type { Target } from '../address.ts';
import type { Diagnostic } from '../diagnostics.ts';
import type { BlockIndex } from './blockIndex.ts';
import type { ConfigurationGraph } from './dependencies.ts';
import type { DataSource, ResourceType } from '../provider.ts';
import type { Schema } from '../schema.ts';
import type { JsonObject, Path } from '../state/state.ts';

/** The kinds of resources and data sources that there are. */
export interface Types {
  readonly resources: Readonly<Record<string, ResourceType>>;
  readonly data: Readonly<Record<string, DataSource>>;
  /** Types that people use and that there are not, with what to do instead, as a sentence. */
  readonly notSupported?: Readonly<Record<string, string>>;
}

/** Where the root module's variables get their values; later sources win over earlier ones (Terraform's order). */
export interface VariableSources {
  /** `TF_VAR_name` gives `name` its value. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `--var` and `--var-file` in the order of the command line. */
  readonly flags?: readonly (VariableFlag | VariablesFile)[];
  /** All values, as settled before from all of these: nothing else is looked at. */
  readonly settled?: JsonObject;
}

export interface VariableFlag {
  readonly name: string;
  /** Text for a variable of a primitive type, an expression for others. */
  readonly value: string;
}

export interface VariablesFile {
  readonly file: string;
}

/** A root module and all it calls, read and checked: names that it uses are declared, arguments are in their schemas. */
export interface Configuration {
  readonly root: ModuleConfiguration;
  /** The root module's variables: converted, sensitive where declared so. */
  readonly variables: ReadonlyMap<string, Value>;
  readonly types: Types;
  /** `terraform.workspace`. */
  readonly workspace: string;
  /** `plantimestamp()` and the like, ms since 1970. */
  readonly nowMs: number;
  /** `path.cwd`: the folder that relative paths start from. */
  readonly currentFolder: string;
  /** The `backend` block of the root module; `local` and none are the same. */
  readonly backend: Backend | undefined;
  readonly warnings: readonly Diagnostic[];
  /** Which blocks lines stand in, for diagnostics. */
  readonly index: BlockIndex;
  /** Which blocks depend on which. */
  readonly graph: ConfigurationGraph;
}

export interface Backend {
  readonly type: string;
  /** The constants that it is given: `path`. */
  readonly settings: ReadonlyMap<string, Value>;
  readonly range: Range;
}

export interface ModuleConfiguration {
  /** Names of the calls from the root module; empty for that itself. */
  readonly path: readonly string[];
  readonly folder: string;
  readonly variables: ReadonlyMap<string, VariableDeclaration>;
  readonly locals: ReadonlyMap<string, Expression>;
  readonly outputs: ReadonlyMap<string, OutputDeclaration>;
  /** By `type.name` and `data.type.name`. */
  readonly resources: ReadonlyMap<string, ResourceDeclaration>;
  readonly calls: ReadonlyMap<string, ModuleCall>;
  /** By `aws` and `aws.alias`. */
  readonly providers: ReadonlyMap<string, ProviderDeclaration>;
  /** The registry's name by the name used here: `hashicorp/aws` by `aws`. */
  readonly providerSources: ReadonlyMap<string, string>;
  readonly moved: readonly Moved[];
  readonly removed: readonly Removed[];
  readonly imports: readonly Import[];
  readonly checks: ReadonlyMap<string, CheckDeclaration>;
}

export interface VariableDeclaration {
  readonly name: string;
  readonly type: Type;
  /** Whether the block says its type: what has none takes texts from the command line as they are. */
  readonly typed: boolean;
  /** Undefined: a value must be given. */
  readonly fallback: Value | undefined;
  readonly nullable: boolean;
  readonly sensitive: boolean;
  readonly description: string;
  readonly validations: readonly Condition[];
  readonly range: Range;
}

export interface OutputDeclaration {
  readonly name: string;
  readonly value: Expression;
  readonly sensitive: boolean;
  readonly description: string;
  readonly dependsOn: readonly Reference[];
  readonly preconditions: readonly Condition[];
  readonly range: Range;
}

/** `condition` and `error_message` of a validation, precondition, postcondition or assertion. */
export interface Condition {
  readonly condition: Expression;
  readonly message: Expression;
  /** Of the condition. */
  readonly range: Range;
  /** Of the block: `validation`, `precondition`, `assert`. */
  readonly declared: Range;
}

export interface Repetition {
  readonly count: Expression | undefined;
  readonly forEach: Expression | undefined;
}

export interface ResourceDeclaration extends Repetition {
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly name: string;
  readonly schema: Schema;
  /** The arguments and blocks of the schema: those of Terraform itself are taken out. */
  readonly body: Body;
  /** `aws` or `aws.alias`. */
  readonly provider: string;
  readonly dependsOn: readonly Reference[];
  readonly lifecycle: Lifecycle;
  /** In their order. */
  readonly provisioners: readonly Provisioner[];
  /** The `check` block that the data source stands in. */
  readonly check?: string;
  readonly range: Range;
}

export interface Lifecycle {
  readonly createBeforeDestroy: boolean;
  readonly preventDestroy: boolean;
  readonly ignoreChanges: 'all' | readonly Path[];
  readonly replaceTriggeredBy: readonly Expression[];
  readonly preconditions: readonly Condition[];
  readonly postconditions: readonly Condition[];
}

/** A `provisioner "local-exec"` block: a command to be run on this machine when an object was made, or before it is deleted. */
export interface Provisioner {
  readonly when: 'create' | 'destroy';
  readonly onFailure: 'fail' | 'continue';
  readonly body: Body;
  readonly range: Range;
}

export interface ModuleCall extends Repetition {
  readonly name: string;
  readonly module: ModuleConfiguration;
  readonly arguments: ReadonlyMap<string, Expression>;
  readonly dependsOn: readonly Reference[];
  /** What the called module's providers are here: `aws` → `aws.west`. */
  readonly providers: ReadonlyMap<string, string>;
  readonly range: Range;
}

export interface ProviderDeclaration {
  readonly name: string;
  readonly alias: string | undefined;
  readonly body: Body;
  readonly range: Range;
}

export interface Moved {
  readonly from: Target;
  readonly to: Target;
  readonly range: Range;
}

export interface Removed {
  readonly from: Target;
  readonly destroy: boolean;
  readonly range: Range;
}

export interface Import {
  readonly target: Target;
  readonly id: Expression;
  readonly range: Range;
}

export interface CheckDeclaration {
  readonly name: string;
  readonly assertions: readonly Condition[];
  readonly range: Range;
}
