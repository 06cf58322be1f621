import type {
  CloudWatchLogs,
  Delivery as SdkDelivery,
  DeliveryDestination as SdkDestination,
  DeliveryDestinationType,
  DeliverySource as SdkSource,
} from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table, type Table, type TableSpec } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';

type Tags = Readonly<Record<string, string>>;

interface Source extends Plain<Omit<SdkSource, 'tags'>> {
  readonly name: string;
  readonly arn: string;
  readonly tags: Tags;
}

interface Destination extends Plain<Omit<SdkDestination, 'tags'>> {
  readonly name: string;
  readonly arn: string;
  readonly deliveryDestinationType: DeliveryDestinationType;
  readonly tags: Tags;
  readonly policy?: string;
}

interface Delivery extends Plain<Omit<SdkDelivery, 'tags'>> {
  readonly id: string;
  readonly arn: string;
  readonly tags: Tags;
}

/** Vended logs of other services and where they go; kept and returned, since those services are not here. */
export const deliverySources = table<Source>('logs.delivery-source', (source) => source.name);
export const deliveryDestinations = table<Destination>('logs.delivery-destination', (destination) => destination.name);
export const deliveries = table<Delivery>('logs.delivery', (delivery) => delivery.id);

/**
 * What each service can be asked for.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html
 */
const logTypes: Readonly<Record<string, readonly string[]>> = {
  cloudfront: ['ACCESS_LOGS', 'CONNECTION_LOGS'],
  bedrock: ['APPLICATION_LOGS', 'EVENT_LOGS'],
  codewhisperer: ['EVENT_LOGS'],
  elasticloadbalancing: ['ALB_ACCESS_LOGS', 'ALB_CONNECTION_LOGS', 'NLB_ACCESS_LOGS'],
  mediapackagev2: ['EGRESS_ACCESS_LOGS', 'INGRESS_ACCESS_LOGS'],
  mediatailor: ['AD_DECISION_SERVER_LOGS', 'MANIFEST_SERVICE_LOGS', 'TRANSCODE_LOGS'],
  ses: ['APPLICATION_LOGS', 'TRAFFIC_POLICY_DEBUG_LOGS'],
  sso: ['ERROR_LOGS'],
  'vpc-lattice': ['VPC_LATTICE_ACCESS_LOGS', 'VPC_LATTICE_RESOURCE_ACCESS_LOGS'],
  workmail: ['ACCESS_CONTROL_LOGS', 'AUTHENTICATION_LOGS', 'WORKMAIL_AVAILABILITY_PROVIDER_LOGS', 'WORKMAIL_MAILBOX_ACCESS_LOGS'],
};

const destinationTypes: Readonly<Record<string, DeliveryDestinationType>> = { s3: 'S3', logs: 'CWL', firehose: 'FH', xray: 'XRAY' };

const outputFormats: ReadonlySet<string> = new Set(['json', 'plain', 'w3c', 'raw', 'parquet']);

const invalid = (message: string): AwsError => new AwsError('ValidationException', message);
const conflict = (message: string): AwsError => new AwsError('ConflictException', message);
const missing = (what: string): AwsError => new AwsError('ResourceNotFoundException', `Requested ${what} does not exist in this account.`);

function require<T>(held: Table<T>, key = '', what: string): T {
  const found = held.get(key);
  if (found === undefined) throw missing(what);
  return found;
}

const source = (at: Place, name: string | undefined): Source => require(at.table(deliverySources), name, 'Delivery Source');
const destination = (at: Place, name: string | undefined): Destination =>
  require(at.table(deliveryDestinations), name, 'Delivery Destination');
const delivery = (at: Place, id: string | undefined): Delivery => require(at.table(deliveries), id, 'Delivery');

function describeDestination({ policy: _policy, ...rest }: Destination): Plain<SdkDestination> {
  return { ...rest, tags: { ...rest.tags } };
}

const serviceOf = (arn: string | undefined): string => arn?.split(':')[2] ?? '';

function listed<T>(at: Place, spec: TableSpec<T>, { nextToken, limit }: { nextToken?: string | undefined; limit?: number | undefined }) {
  return page(
    at.table(spec).values(),
    { token: nextToken, max: limit },
    { defaultMax: 50, onBadToken: () => invalid('The nextToken is invalid.') },
  );
}

export const deliveryOperations: Operations<CloudWatchLogs> = {
  PutDeliverySource({ name = '', resourceArn = '', logType = '', tags }, at) {
    const service = serviceOf(resourceArn);
    const types = logTypes[service];
    if (types === undefined) throw new AwsError('ResourceNotFoundException', 'Cannot access provided service for delivery destination.');
    if (!types.includes(logType)) throw invalid(`This service is not allowed for this LogSource: ${logType}.`);
    const held = at.table(deliverySources).get(name);
    if (held !== undefined && !held.resourceArns?.includes(resourceArn))
      throw conflict('Update operation on the resourceArn is not allowed.');
    const put = at.table(deliverySources).put({
      name,
      arn: at.arn('logs', `delivery-source:${name}`),
      resourceArns: [resourceArn],
      service,
      logType,
      tags: tags ?? held?.tags ?? {},
    });
    return { deliverySource: { ...put, tags: { ...put.tags } } };
  },

  GetDeliverySource: ({ name }, at) => ({ deliverySource: source(at, name) }),

  DescribeDeliverySources(input, at) {
    const { items, next } = listed(at, deliverySources, input);
    return { deliverySources: items, nextToken: next };
  },

  DeleteDeliverySource({ name }, at) {
    const found = source(at, name);
    if (at.table(deliveries).find((one) => one.deliverySourceName === found.name))
      throw conflict('Cannot delete Delivery Source while it is used by a Delivery.');
    at.table(deliverySources).delete(found.name);
  },

  PutDeliveryDestination({ name = '', outputFormat, deliveryDestinationConfiguration, deliveryDestinationType, tags }, at) {
    if (outputFormat !== undefined && !outputFormats.has(outputFormat))
      throw invalid(`The output format ${outputFormat} is not supported.`);
    const held = at.table(deliveryDestinations).get(name);
    if (held !== undefined && outputFormat !== undefined && held.outputFormat !== outputFormat)
      throw invalid('Update to existing Delivery Destination with new Output Format is not allowed.');
    const type = deliveryDestinationType ?? destinationTypes[serviceOf(deliveryDestinationConfiguration?.destinationResourceArn)];
    if (type === undefined) throw invalid('The destination resource must be a log group, an S3 bucket, a delivery stream or X-Ray.');
    const format = outputFormat ?? held?.outputFormat;
    const put = at.table(deliveryDestinations).put({
      ...held,
      name,
      arn: at.arn('logs', `delivery-destination:${name}`),
      deliveryDestinationType: type,
      ...(format === undefined ? {} : { outputFormat: format }),
      ...(deliveryDestinationConfiguration === undefined ? {} : { deliveryDestinationConfiguration }),
      tags: tags ?? held?.tags ?? {},
    });
    return { deliveryDestination: describeDestination(put) };
  },

  GetDeliveryDestination: ({ name }, at) => ({ deliveryDestination: describeDestination(destination(at, name)) }),

  DescribeDeliveryDestinations(input, at) {
    const { items, next } = listed(at, deliveryDestinations, input);
    return { deliveryDestinations: items.map(describeDestination), nextToken: next };
  },

  DeleteDeliveryDestination({ name }, at) {
    const found = destination(at, name);
    if (at.table(deliveries).find((one) => one.deliveryDestinationArn === found.arn))
      throw conflict('Cannot delete Delivery Destination while it is used by a Delivery.');
    at.table(deliveryDestinations).delete(found.name);
  },

  PutDeliveryDestinationPolicy({ deliveryDestinationName, deliveryDestinationPolicy = '' }, at) {
    at.table(deliveryDestinations).patch(destination(at, deliveryDestinationName), { policy: deliveryDestinationPolicy });
    return { policy: { deliveryDestinationPolicy } };
  },

  GetDeliveryDestinationPolicy({ deliveryDestinationName }, at) {
    const { policy } = destination(at, deliveryDestinationName);
    return { policy: policy === undefined ? {} : { deliveryDestinationPolicy: policy } };
  },

  DeleteDeliveryDestinationPolicy({ deliveryDestinationName }, at) {
    const { policy, ...rest } = destination(at, deliveryDestinationName);
    if (policy !== undefined) at.table(deliveryDestinations).put(rest);
  },

  CreateDelivery({ deliverySourceName, deliveryDestinationArn = '', recordFields, fieldDelimiter, s3DeliveryConfiguration, tags }, at) {
    const from = source(at, deliverySourceName);
    const to = at.table(deliveryDestinations).find(({ arn }) => arn === deliveryDestinationArn);
    if (to === undefined) throw missing('Delivery Destination');
    if (at.table(deliveries).find((one) => one.deliverySourceName === from.name && one.deliveryDestinationArn === to.arn))
      throw conflict('Delivery already exists');
    const id = at.hex(16);
    const made = at.table(deliveries).put({
      id,
      arn: at.arn('logs', `delivery:${id}`),
      deliverySourceName: from.name,
      deliveryDestinationArn: to.arn,
      deliveryDestinationType: to.deliveryDestinationType,
      ...(recordFields === undefined ? {} : { recordFields }),
      ...(fieldDelimiter === undefined ? {} : { fieldDelimiter }),
      ...(s3DeliveryConfiguration === undefined ? {} : { s3DeliveryConfiguration }),
      tags: tags ?? {},
    });
    return { delivery: made };
  },

  GetDelivery: ({ id }, at) => ({ delivery: delivery(at, id) }),

  UpdateDeliveryConfiguration({ id, recordFields, fieldDelimiter, s3DeliveryConfiguration }, at) {
    const held = delivery(at, id);
    at.table(deliveries).patch(held, {
      recordFields: recordFields ?? held.recordFields,
      fieldDelimiter: fieldDelimiter ?? held.fieldDelimiter,
      s3DeliveryConfiguration: s3DeliveryConfiguration ?? held.s3DeliveryConfiguration,
    });
    return {};
  },

  DescribeDeliveries(input, at) {
    const { items, next } = listed(at, deliveries, input);
    return { deliveries: items, nextToken: next };
  },

  DeleteDelivery({ id }, at) {
    at.table(deliveries).delete(delivery(at, id).id);
  },
};
