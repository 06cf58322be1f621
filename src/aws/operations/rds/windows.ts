import { AwsError } from '../../codec/error.ts';

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const dayMinutes = 24 * 60;
const weekMinutes = 7 * dayMinutes;

const invalid = (message: string): AwsError => new AwsError('InvalidParameterValue', message);

/** Start and length, in minutes of the week. */
function maintenance(text: string): [number, number] {
  const match = /^(\w{3}):(\d\d):(\d\d)-(\w{3}):(\d\d):(\d\d)$/.exec(text);
  if (match === null)
    throw invalid(
      `Invalid maintenance window format: ${text}. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC). Example: Sun:23:45-Mon:00:15`,
    );
  const [, fromDay = '', fromHour, fromMinute, toDay = '', toHour, toMinute] = match;
  const at = (day: string, hour: string | undefined, minute: string | undefined): number => {
    if (!days.includes(day) || Number(hour) > 23 || Number(minute) > 59)
      throw invalid(`Invalid day:hour:minute value: ${day}:${hour ?? ''}:${minute ?? ''}`);
    return days.indexOf(day) * dayMinutes + Number(hour) * 60 + Number(minute);
  };
  const start = at(fromDay, fromHour, fromMinute);
  return [start, (at(toDay, toHour, toMinute) - start + weekMinutes) % weekMinutes];
}

/** Start and length, in minutes of the day. */
function backup(text: string): [number, number] {
  const match = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text);
  if (match === null)
    throw invalid(
      `Invalid backup window format: ${text}. Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC). Example: 23:30-00:30`,
    );
  const [fromHour, fromMinute, toHour, toMinute] = match.slice(1).map(Number) as [number, number, number, number];
  const start = fromHour * 60 + fromMinute;
  return [start, (toHour * 60 + toMinute - start + dayMinutes) % dayMinutes];
}

/** Checks the two windows as RDS does; gives the maintenance window in lower case. */
export function checkWindows(maintenanceWindow: string, backupWindow: string): string {
  const lower = maintenanceWindow.toLowerCase();
  const [start, length] = maintenance(lower);
  if (length >= dayMinutes) throw invalid('Maintenance window must be less than 24 hours.');
  if (length < 30) throw invalid('The maintenance window must be at least 30 minutes.');
  const [backupStart, backupLength] = backup(backupWindow);
  if (backupLength < 30) throw invalid('The backup window must be at least 30 minutes.');
  for (let day = -1; day <= 8; day++) {
    const from = day * dayMinutes + backupStart;
    if (from < start + length && start < from + backupLength) throw invalid('The backup window and maintenance window must not overlap.');
  }
  return lower;
}
