import type { JSX } from 'preact';
import type { Live } from '../live.ts';
import { pathOf } from '../router.ts';
import { CommandText } from '../widgets/aws.tsx';
import { Card, Link, Page } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { Diagram } from './diagram.tsx';
import { Timeline } from './timeline.tsx';

/** The whole system at one look. */
export function Overview({ live, endpoint }: { readonly live: Live; readonly endpoint: string }): JSX.Element {
  const { picture, moments } = live;
  if (picture === undefined) return <Page title="Overview">{<p class="empty">Looking at the region…</p>}</Page>;
  const { loadBalancers, targetGroups, capacities, instances, databases, alarms } = picture;
  const nothing = [loadBalancers, targetGroups, capacities, instances, databases].every((list) => list.length === 0);
  const { users } = moments.at(-1) ?? {};
  return (
    <Page title="Overview">
      {picture.live ? undefined : <p class="note">Control plane only: nothing runs behind the endpoint, so there is no traffic to show.</p>}
      {nothing ? <Welcome endpoint={endpoint} /> : <Diagram picture={picture} users={users} />}
      <Card title="Timeline">
        <Timeline moments={moments} />
      </Card>
      <Card title="Alarms">
        <Table
          caption="Alarms"
          rows={alarms}
          keyOf={({ name }) => name}
          columns={[
            { title: 'Name', cell: ({ name }) => <Link to={pathOf('cloudwatch', 'alarms', name)}>{name}</Link>, by: ({ name }) => name },
            { title: 'State', cell: ({ state }) => <Status state={state} />, by: ({ state }) => state },
            { title: 'Condition', cell: ({ condition }) => condition },
            {
              title: 'Reason',
              cell: ({ reason }) => (
                <span class="clamped" title={reason}>
                  {reason}
                </span>
              ),
            },
          ]}
          empty="No alarms. A scaling policy that tracks a target makes its own."
        />
      </Card>
    </Page>
  );
}

/** What to do in a region in which nothing is. */
function Welcome({ endpoint }: { readonly endpoint: string }): JSX.Element {
  return (
    <Card title="Nothing runs in this region yet">
      <p>Apply Terraform files, or use the AWS CLI or any SDK with this endpoint. What you make appears here and runs.</p>
      <CommandText text={`plimsoll apply DIR --endpoint ${endpoint}`} />
      <CommandText text={`export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x`} />
    </Card>
  );
}
