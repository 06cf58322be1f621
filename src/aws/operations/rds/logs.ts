import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RDS } from '@aws-sdk/client-rds';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { requireInstance } from './resources.ts';

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DownloadDBLogFilePortion.html */
const portionBytesMax = 1 << 20;
const linesMax = 10_000;

/** Every server has one log here. Where nothing runs there is nothing in it. */
const nameOfLog = (engine: string): string => `error/${engine}.log`;

export const logOperations: Operations<RDS> = {
  DescribeDBLogFiles({ DBInstanceIdentifier }, at) {
    const { InstanceCreateTime, Engine } = requireInstance(at, DBInstanceIdentifier);
    const log = read(at, DBInstanceIdentifier, () => 0);
    return {
      DescribeDBLogFiles: [{ LogFileName: nameOfLog(Engine), LastWritten: log?.writtenMs ?? InstanceCreateTime, Size: log?.size ?? 0 }],
    };
  },

  /** From a marker on, which is a position here; without one the last lines. */
  DownloadDBLogFilePortion({ DBInstanceIdentifier, LogFileName, Marker, NumberOfLines }, at) {
    const { Engine } = requireInstance(at, DBInstanceIdentifier);
    if (LogFileName !== nameOfLog(Engine))
      throw new AwsError('DBLogFileNotFoundFault', `DBLog File: ${LogFileName ?? ''}, is not found on the DB instance`, { status: 404 });
    const from = Marker === undefined ? undefined : Math.max(0, Math.floor(Number(Marker)) || 0);
    const log = read(at, DBInstanceIdentifier, (size) => from ?? Math.max(0, size - portionBytesMax));
    if (log === undefined) return { LogFileData: '', Marker: '0', AdditionalDataPending: false };
    const text = log.bytes.toString('utf8');
    const shown =
      from === undefined
        ? text
            .split(/(?<=\n)/)
            .slice(-Math.min(NumberOfLines ?? linesMax, linesMax))
            .join('')
        : text;
    const end = log.start + log.bytes.length;
    return { LogFileData: shown, Marker: String(end), AdditionalDataPending: end < log.size };
  },
};

interface Portion {
  readonly start: number;
  readonly bytes: Buffer;
  readonly size: number;
  readonly writtenMs: number;
}

function read(at: Place, id: string | undefined, startOf: (size: number) => number): Portion | undefined {
  const file = at.world.machinery.databaseLog?.(at, id ?? '');
  if (file === undefined) return undefined;
  let open: number;
  try {
    open = openSync(file, 'r');
  } catch {
    // It has written nothing yet.
    return undefined;
  }
  try {
    const { size, mtimeMs } = fstatSync(open);
    const start = Math.min(size, startOf(size));
    const bytes = Buffer.alloc(Math.min(portionBytesMax, size - start));
    return { start, bytes: bytes.subarray(0, readSync(open, bytes, 0, bytes.length, start)), size, writtenMs: mtimeMs };
  } finally {
    closeSync(open);
  }
}
