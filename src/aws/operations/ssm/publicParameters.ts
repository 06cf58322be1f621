import type { Parameter as SdkParameter } from '@aws-sdk/client-ssm';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { publicImages } from '../ec2/publicImages.ts';
import { inPartition, regions, zonesOf } from '../ec2/zones.ts';
import imageNames from './publicImageNames.json' with { type: 'json' };

export interface Parameter extends Plain<SdkParameter> {
  readonly Name: string;
  readonly Version: number;
  readonly description?: string | undefined;
}

const infrastructure = '/aws/service/global-infrastructure';

/** Services as AWS names them there: those that this endpoint speaks for. */
const services = ['application-autoscaling', 'autoscaling', 'cloudwatch', 'ec2', 'ecs', 'elb', 'iam', 'logs', 'rds', 'ssm', 'sts'];

/**
 * What AWS publishes, by name: machine images, regions with their zones, services.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
 */
function published(at: Place): Map<string, string> {
  const values = new Map<string, string>();
  const images = new Map(publicImages(at.region).map(({ Name, ImageId }) => [Name, ImageId]));
  for (const [name, image] of Object.entries(imageNames)) values.set(name, images.get(image) ?? '');
  for (const [region, facts] of Object.entries(regions)) {
    if (!inPartition(at, region)) continue;
    const path = `${infrastructure}/regions/${region}`;
    values.set(path, region);
    values.set(`${path}/longName`, facts.name);
    values.set(`${path}/domain`, at.dnsSuffix);
    values.set(`${path}/partition`, at.partition);
    for (const { id } of zonesOf(region)) values.set(`${path}/availability-zones/${id}`, id);
  }
  for (const service of services) values.set(`${infrastructure}/services/${service}`, service);
  return values;
}

export function publicNames(at: Place): string[] {
  return [...published(at).keys()];
}

export function publicParameter(at: Place, name: string): Parameter | undefined {
  if (!name.startsWith('/aws/service/')) return undefined;
  const value = published(at).get(name);
  if (value === undefined) return undefined;
  return {
    Name: name,
    Type: 'String',
    Value: value,
    Version: 1,
    LastModifiedDate: Date.parse('2025-11-10'),
    ARN: `arn:${at.partition}:ssm:${at.region}::parameter${name}`,
    DataType: 'text',
  };
}
