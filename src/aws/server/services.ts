import { shapeOf, type StructShape } from '../codec/shape.ts';

export type Protocol = 'ec2Query' | 'awsQuery' | 'json1.0' | 'json1.1';

/** What a request must carry to be meant for a service, and where its schemas come from. */
export interface ServiceEntry {
  readonly name: string;
  /** Service name in the credential scope of a signature. */
  readonly scope: string;
  readonly protocol: Protocol;
  readonly version: string;
  readonly xmlns: string;
  /** Prefix of X-Amz-Target, and the service's name in Smithy RPC v2 paths. */
  readonly target: string;
  readonly load: () => Promise<object>;
}

export const services = [
  entry('ec2', 'ec2', 'ec2Query', '2016-11-15', 'AmazonEC2', () => import('@aws-sdk/client-ec2')),
  entry('autoscaling', 'autoscaling', 'awsQuery', '2011-01-01', 'AutoScaling_2011_01_01', () => import('@aws-sdk/client-auto-scaling')),
  entry(
    'elbv2',
    'elasticloadbalancing',
    'awsQuery',
    '2015-12-01',
    'ElasticLoadBalancing_v10',
    () => import('@aws-sdk/client-elastic-load-balancing-v2'),
  ),
  entry('rds', 'rds', 'awsQuery', '2014-10-31', 'AmazonRDSv19', () => import('@aws-sdk/client-rds')),
  entry('iam', 'iam', 'awsQuery', '2010-05-08', 'AWSIdentityManagementV20100508', () => import('@aws-sdk/client-iam')),
  entry('sts', 'sts', 'awsQuery', '2011-06-15', 'AWSSecurityTokenServiceV20110615', () => import('@aws-sdk/client-sts')),
  entry('cloudwatch', 'monitoring', 'json1.0', '2010-08-01', 'GraniteServiceVersion20100801', () => import('@aws-sdk/client-cloudwatch')),
  entry('ecs', 'ecs', 'json1.1', '2014-11-13', 'AmazonEC2ContainerServiceV20141113', () => import('@aws-sdk/client-ecs')),
  entry(
    'application-autoscaling',
    'application-autoscaling',
    'json1.1',
    '2016-02-06',
    'AnyScaleFrontendService',
    () => import('@aws-sdk/client-application-auto-scaling'),
  ),
  entry('logs', 'logs', 'json1.1', '2014-03-28', 'Logs_20140328', () => import('@aws-sdk/client-cloudwatch-logs')),
  entry('ssm', 'ssm', 'json1.1', '2014-11-06', 'AmazonSSM', () => import('@aws-sdk/client-ssm')),
] as const;

export type ServiceName = (typeof services)[number]['name'];

function entry<Name extends string>(
  name: Name,
  scope: string,
  protocol: Protocol,
  version: string,
  target: string,
  load: () => Promise<object>,
): ServiceEntry & { readonly name: Name } {
  const host = scope === 'iam' || scope === 'sts' ? `https://${scope}` : `http://${scope}`;
  return { name, scope, protocol, version, xmlns: `${host}.amazonaws.com/doc/${version}/`, target, load };
}

/** An operation's shapes; undefined is Smithy's `Unit`. */
export interface OperationModel {
  readonly name: string;
  readonly input: StructShape | undefined;
  readonly output: StructShape | undefined;
}

export interface ErrorModel {
  /** The shape's name, which JSON and CBOR answers carry. */
  readonly name: string;
  readonly status: number;
  readonly shape: StructShape;
}

/** A service as its schemas describe it; operations are compiled on first use. */
export class ServiceModel {
  readonly entry: ServiceEntry;
  readonly #operations = new Map<string, readonly unknown[]>();
  readonly #compiled = new Map<string, OperationModel>();
  /** By code as clients see it (awsQueryError) and by shape name. */
  readonly #errors = new Map<string, ErrorModel>();

  private constructor(entry: ServiceEntry, exports: object) {
    this.entry = entry;
    for (const [name, schema] of Object.entries(exports)) {
      if (!name.endsWith('$') || !Array.isArray(schema)) continue;
      if (schema[0] === operationSchema) this.#operations.set(schema[2] as string, schema);
      else if (schema[0] === errorSchema) this.#addError(schema);
    }
  }

  static async load(entry: ServiceEntry): Promise<ServiceModel> {
    return new ServiceModel(entry, await entry.load());
  }

  operation(name: string): OperationModel | undefined {
    let found = this.#compiled.get(name);
    const schema = this.#operations.get(name);
    if (found === undefined && schema !== undefined) {
      const [input, output] = [schema[4], schema[5]] as (() => unknown)[];
      found = { name, input: shapeOf(input?.()), output: shapeOf(output?.()) };
      this.#compiled.set(name, found);
    }
    return found;
  }

  error(code: string): ErrorModel | undefined {
    return this.#errors.get(code);
  }

  operationNames(): string[] {
    return [...this.#operations.keys()].toSorted();
  }

  #addError(schema: readonly unknown[]): void {
    const name = schema[2] as string;
    const traits = (typeof schema[3] === 'object' ? schema[3] : {}) as { awsQueryError?: [string, number]; httpError?: number };
    const [code, status] = traits.awsQueryError ?? [name, traits.httpError ?? 400];
    const model: ErrorModel = { name, status, shape: shapeOf(schema)! };
    this.#errors.set(name, model);
    this.#errors.set(code, model);
  }
}

/** Tags of Smithy's static schemas: `[9, namespace, name, traits, input, output]`, `[-3, …]` for errors. */
const operationSchema = 9;
const errorSchema = -3;
