import type { JSX } from 'preact';
import { useContext } from 'preact/hooks';
import { accessLog } from '../api.ts';
import { milliseconds, text } from '../format.ts';
import { Do, Problem, Region, useAnswer } from '../widgets/aws.tsx';
import { Card } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { entryOf, type AccessLogEntry } from './accessLogEntry.ts';

/** What a load balancer wrote of its last requests, the newest first. */
export function AccessLogTail({ name, arn }: { readonly name: string; readonly arn: string }): JSX.Element {
  const region = useContext(Region);
  const { data, error, again } = useAnswer(`${region} ${name}`, () => accessLog(region, name));
  if (data?.enabled !== true) {
    return (
      <Card title="Access log">
        <Problem error={error} />
        {data === undefined ? undefined : (
          <p class="empty">
            The access log is off.{' '}
            <Do
              label="Switch it on"
              what="Every request is written as AWS writes it, to a file of this computer that stands for the bucket."
              fields={[{ name: 'bucket', label: 'Bucket', value: 'logs' }]}
              action={({ bucket = '' }) => ({
                service: 'elbv2',
                operation: 'ModifyLoadBalancerAttributes',
                input: {
                  LoadBalancerArn: arn,
                  Attributes: [
                    { Key: 'access_logs.s3.enabled', Value: 'true' },
                    { Key: 'access_logs.s3.bucket', Value: bucket },
                  ],
                },
              })}
              onDone={again}
            />
          </p>
        )}
      </Card>
    );
  }
  return (
    <Card title="Access log">
      <Problem error={error} />
      <p class="note">
        The last {data.lines.length} lines of {data.file === undefined ? 'a balancer that does not run' : <code>{data.file}</code>}; times
        are this computer’s
      </p>
      <Table
        caption="Access log, the newest first"
        rows={data.lines.map((line, index) => ({ ...entryOf(line), key: index })).toReversed()}
        keyOf={({ key }) => String(key)}
        columns={columns}
        empty="No request was written yet. The balancer writes about once a second."
      />
    </Card>
  );
}

/** `GET /a?b`: scheme, host and version are the same in almost every line. */
const shortRequest = (request: string): string => request.replace(/^(\S+) \w+:\/\/[^/ ]+(\S*) \S+$/, '$1 $2');

const columns: Parameters<typeof Table<AccessLogEntry & { key: number }>>[0]['columns'] = [
  {
    title: 'Time',
    cell: ({ time }) => (
      <time class="moment" dateTime={time}>
        {time.slice(11, 23)}
      </time>
    ),
    by: ({ time }) => time,
  },
  { title: 'Client', cell: ({ client }) => client, by: ({ client }) => client },
  { title: 'Request', cell: ({ request }) => <code title={request}>{shortRequest(request)}</code>, by: ({ request }) => request },
  {
    title: 'Status',
    cell: ({ status }) => <Status state={Number(status) >= 500 ? 'error' : Number(status) >= 400 ? 'refused' : 'OK'}>{status}</Status>,
    by: ({ status }) => Number(status),
  },
  { title: 'Target', cell: ({ target }) => text(target), by: ({ target }) => target ?? '' },
  { title: 'Target status', cell: ({ targetStatus }) => text(targetStatus), numeric: true },
  {
    title: 'Target time',
    cell: ({ targetMs }) => milliseconds(targetMs),
    by: ({ targetMs }) => targetMs ?? -1,
    numeric: true,
  },
  { title: 'Reason', cell: ({ reason }) => text(reason) },
];
