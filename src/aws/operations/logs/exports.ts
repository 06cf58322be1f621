import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { AwsError } from '../../codec/error.ts';
import type { Operations } from '../operation.ts';
import { invalid, requireLogGroup } from './resources.ts';

const noTask = (): AwsError => new AwsError('ResourceNotFoundException', 'The specified export task does not exist.');

/** Exports go to S3, which is no part of this endpoint: no bucket is found, so no task ever begins. */
export const exportOperations: Operations<CloudWatchLogs> = {
  CreateExportTask({ logGroupName, from = 0, to = 0 }, at) {
    requireLogGroup(at, logGroupName);
    if (from > to) throw invalid('fromTime must be before toTime');
    throw invalid('The given bucket does not exist. Please make sure the bucket is valid.');
  },

  DescribeExportTasks({ taskId }) {
    if (taskId !== undefined) throw noTask();
    return { exportTasks: [] };
  },

  CancelExportTask() {
    throw noTask();
  },
};
