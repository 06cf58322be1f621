/** What an operation of AWS takes and gives: plain JSON, times in epoch seconds. */
export type Json = Record<string, unknown>;

export type Service = 'application-autoscaling' | 'autoscaling' | 'cloudwatch' | 'ec2' | 'ecs' | 'elbv2' | 'logs' | 'rds' | 'ssm';

const kebab = (name: string): string =>
  name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The call of the AWS CLI that does the same. */
export function command(region: string, service: Service, operation: string, input: Json): string {
  const flags = Object.entries(input).map(([name, value]) => {
    const flag = `--${kebab(name)}`;
    if (value === true) return flag;
    if (value === false) return flag.replace('--', '--no-');
    if (Array.isArray(value) && value.every((one) => typeof one !== 'object'))
      return `${flag} ${value.map((one) => quoted(String(one))).join(' ')}`;
    return `${flag} ${quoted(typeof value === 'string' ? value : JSON.stringify(value))}`;
  });
  return ['aws', '--region', region, service, kebab(operation), ...flags].join(' ');
}
