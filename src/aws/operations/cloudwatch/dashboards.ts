import type { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { AwsError } from '../../codec/error.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';

interface Dashboard {
  readonly name: string;
  readonly body: string;
  readonly modifiedAtMs: number;
}

const dashboards = table<Dashboard>('cloudwatch.dashboard', (dashboard) => dashboard.name);

const arnOf = (partition: string, account: string, name: string): string => `arn:${partition}:cloudwatch::${account}:dashboard/${name}`;
const missing = (names: string): AwsError => new AwsError('ResourceNotFound', `Dashboard ${names} does not exist`, { status: 404 });

export const dashboardOperations: Operations<CloudWatch> = {
  PutDashboard({ DashboardName = '', DashboardBody = '' }, at) {
    try {
      JSON.parse(DashboardBody);
    } catch {
      throw new AwsError('InvalidParameterInput', 'Dashboard body is invalid');
    }
    at.table(dashboards).put({ name: DashboardName, body: DashboardBody, modifiedAtMs: at.nowMs });
    return { DashboardValidationMessages: [] };
  },

  GetDashboard({ DashboardName = '' }, at) {
    const dashboard = at.table(dashboards).get(DashboardName);
    if (dashboard === undefined) throw missing(DashboardName);
    return { DashboardName, DashboardBody: dashboard.body, DashboardArn: arnOf(at.partition, at.account, DashboardName) };
  },

  ListDashboards({ DashboardNamePrefix = '', NextToken }, at) {
    const { items, next } = page(
      at.table(dashboards).filter(({ name }) => name.startsWith(DashboardNamePrefix)),
      { token: NextToken, max: undefined },
      { defaultMax: 1000 },
    );
    return {
      DashboardEntries: items.map(({ name, body, modifiedAtMs }) => ({
        DashboardName: name,
        DashboardArn: arnOf(at.partition, at.account, name),
        LastModified: modifiedAtMs,
        Size: Buffer.byteLength(body),
      })),
      NextToken: next,
    };
  },

  DeleteDashboards({ DashboardNames = [] }, at) {
    if (DashboardNames.length === 0) throw new AwsError('InvalidParameterValue', 'Need to specify at least 1 dashboard');
    const unknown = DashboardNames.filter((name) => !at.table(dashboards).has(name));
    if (unknown.length > 0) throw missing(unknown.join(', '));
    for (const name of DashboardNames) at.table(dashboards).delete(name);
    return {};
  },
};
