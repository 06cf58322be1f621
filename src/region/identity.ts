import { systemRandom, type Random } from '../base/index.ts';

/** Whose resources these are and where they pretend to stand: the middle of every ARN. */
export interface RegionIdentity {
  readonly region: string;
  readonly account: string;
}

export const defaultIdentity: RegionIdentity = { region: 'us-east-1', account: '123456789012' };

/** `arn:aws:ecs:us-east-1:123456789012:service/…` */
export function arn(identity: RegionIdentity, service: string, resource: string): string {
  return `arn:aws:${service}:${identity.region}:${identity.account}:${resource}`;
}

/** ELBv2 resource ids end in 16 hexadecimal digits, ECS task ids are 32. */
export function hexId(digits: 16 | 32, random: Random = systemRandom): string {
  return random.hex(digits);
}
