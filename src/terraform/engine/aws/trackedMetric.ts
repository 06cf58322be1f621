import type { Arguments } from '../arguments.ts';

/** Which metric a target tracking policy follows, of a group or of a scalable target; `dimensions` is what its blocks are called. */
export function trackedMetric(tracking: Arguments, dimensions: string) {
  const predefined = tracking.block('predefined_metric_specification');
  const custom = tracking.block('customized_metric_specification');
  return {
    ...(predefined && {
      PredefinedMetricSpecification: {
        PredefinedMetricType: predefined.text('predefined_metric_type') as never,
        ResourceLabel: predefined.text('resource_label'),
      },
    }),
    ...(custom && {
      CustomizedMetricSpecification: {
        MetricName: custom.text('metric_name'),
        Namespace: custom.text('namespace'),
        Statistic: custom.text('statistic') as never,
        Unit: custom.text('unit'),
        Dimensions: custom.blocks(dimensions).map((item) => ({ Name: item.text('name'), Value: item.text('value') })),
      },
    }),
  };
}
