/** The ARN suffix that CloudWatch uses as a dimension: `app/name/hex`, `targetgroup/name/hex`. */
export function arnSuffix(arn: string): string {
  const resource = arn.split(':').slice(5).join(':');
  return resource.startsWith('loadbalancer/') ? resource.slice('loadbalancer/'.length) : resource;
}
