import type { JSX } from 'preact';
import type { Json } from '../command.ts';
import { pathOf } from '../router.ts';
import { Link } from '../widgets/page.tsx';

/** The alarms of a scaling policy. */
export function alarmLinks({ Alarms = [] }: { readonly Alarms?: readonly Json[] }): JSX.Element {
  return (
    <div class="long">
      {Alarms.map(({ AlarmName }) => (
        <Link key={String(AlarmName)} to={pathOf('cloudwatch', 'alarms', String(AlarmName))}>
          {String(AlarmName)}
        </Link>
      ))}
    </div>
  );
}
