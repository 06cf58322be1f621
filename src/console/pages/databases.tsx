import type { JSX } from 'preact';
import type { Json } from '../command.ts';
import type { DatabasePicture, Picture } from '../contract.ts';
import { count, percent, text } from '../format.ts';
import { pathOf } from '../router.ts';
import { Do, Problem, useAws } from '../widgets/aws.tsx';
import { Card, Details, Link, Page, Tabs } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { MetricCharts } from './metricCharts.tsx';
import { AddDatabaseLatency, AddedLatency } from './addedLatency.tsx';
import { Missing } from './missing.tsx';

const above = { title: 'RDS', to: '/databases' };

export function Databases({ picture, rest }: { readonly picture: Picture | undefined; readonly rest: readonly string[] }): JSX.Element {
  const [id] = rest;
  if (id !== undefined) {
    const found = picture?.databases.find((one) => one.id === id);
    return found === undefined ? (
      <Missing what="database" name={id} above={above} loaded={picture !== undefined} />
    ) : (
      <One database={found} />
    );
  }
  return (
    <Page title="Relational Database Service">
      <Card title="Databases">
        <Table
          caption="Databases"
          rows={picture?.databases ?? []}
          keyOf={(one) => one.id}
          columns={[
            { title: 'DB identifier', cell: (one) => <Link to={pathOf('databases', one.id)}>{one.id}</Link>, by: (one) => one.id },
            { title: 'Status', cell: ({ state }) => <Status state={state} />, by: ({ state }) => state },
            { title: 'Engine', cell: ({ engine }) => engine },
            { title: 'CPU', cell: ({ cpuPercent }) => percent(cpuPercent), by: ({ cpuPercent }) => cpuPercent ?? 0, numeric: true },
            {
              title: 'Connections',
              cell: ({ connections }) => count(connections),
              by: ({ connections }) => connections ?? 0,
              numeric: true,
            },
            { title: 'Endpoint', cell: ({ address }) => text(address) },
          ]}
          empty="No databases. Terraform's aws_db_instance makes one."
        />
      </Card>
    </Page>
  );
}

function One({ database }: { readonly database: DatabasePicture }): JSX.Element {
  const { id, state } = database;
  const { data, error } = useAws<{ DBInstances?: Json[] }>('rds', 'DescribeDBInstances', { DBInstanceIdentifier: id });
  const described = data?.DBInstances?.[0] ?? {};
  const input = { DBInstanceIdentifier: id };
  return (
    <Page
      title={id}
      above={above}
      actions={
        <>
          <AddDatabaseLatency database={database} />
          {state === 'available' ? (
            <>
              <Do
                label="Reboot"
                what="PostgreSQL starts anew; connections break."
                action={() => ({ service: 'rds', operation: 'RebootDBInstance', input })}
              />
              <Do
                label="Stop"
                danger
                what="The database goes away: what needs it fails until it is started again."
                action={() => ({ service: 'rds', operation: 'StopDBInstance', input })}
              />
            </>
          ) : undefined}
          {state === 'stopped' ? (
            <Do
              label="Start"
              what="The database comes back with its data."
              action={() => ({ service: 'rds', operation: 'StartDBInstance', input })}
            />
          ) : undefined}
        </>
      }
    >
      <AddedLatency targets={[database]} />
      <Problem error={error} />
      <Tabs
        tabs={[
          {
            name: 'Connectivity',
            content: () => (
              <Card title="Connectivity">
                <Details
                  items={[
                    ['Status', <Status key="state" state={state} />],
                    ['Endpoint', text((described['Endpoint'] as Json | undefined)?.['Address'])],
                    ['Port', text((described['Endpoint'] as Json | undefined)?.['Port'])],
                    ['DB name', text(described['DBName'])],
                    ['Master username', text(described['MasterUsername'])],
                    ['Class', text(described['DBInstanceClass'])],
                    ['Engine version', text(described['EngineVersion'])],
                    ['Storage', `${text(described['AllocatedStorage'])} GiB`],
                  ]}
                />
              </Card>
            ),
          },
          {
            name: 'Monitoring',
            content: () => (
              <MetricCharts
                namespace="AWS/RDS"
                dimensions={{ DBInstanceIdentifier: id }}
                metrics={[
                  ['CPUUtilization', 'Average'],
                  ['DatabaseConnections', 'Maximum'],
                  ['FreeableMemory', 'Minimum'],
                ]}
              />
            ),
          },
          { name: 'Logs', content: () => <Logs id={id} /> },
        ]}
      />
    </Page>
  );
}

function Logs({ id }: { readonly id: string }): JSX.Element {
  const { data: files, error } = useAws<{ DescribeDBLogFiles?: { LogFileName?: string }[] }>('rds', 'DescribeDBLogFiles', {
    DBInstanceIdentifier: id,
  });
  const name = files?.DescribeDBLogFiles?.at(-1)?.LogFileName;
  const portion = useAws<{ LogFileData?: string }>(
    'rds',
    'DownloadDBLogFilePortion',
    name === undefined ? undefined : { DBInstanceIdentifier: id, LogFileName: name, NumberOfLines: 200 },
  );
  return (
    <Card title={name ?? 'Log'}>
      <Problem error={error ?? portion.error} />
      <pre class="log" tabIndex={0} aria-label="Database log">
        {portion.data?.LogFileData ?? 'No log file.'}
      </pre>
    </Card>
  );
}
