import type { Block } from '../../language/index.ts';
import { problem, type Diagnostics } from '../diagnostics.ts';
import { checkShape, unexpectedArgument, unexpectedBlock } from './shape.ts';

/** What the AWS provider's block may hold (its documentation, versions 4 to 6). What is not said below has no meaning for an endpoint of one's own. */
const awsArguments = `access_key secret_key region token profile shared_config_files shared_credentials_file shared_credentials_files
  allowed_account_ids forbidden_account_ids custom_ca_bundle ec2_metadata_service_endpoint ec2_metadata_service_endpoint_mode
  http_proxy https_proxy no_proxy insecure max_retries retry_mode token_bucket_rate_limiter_capacity s3_force_path_style s3_use_path_style
  s3_us_east_1_regional_endpoint skip_credentials_validation skip_get_ec2_platforms skip_metadata_api_check skip_region_validation
  skip_requesting_account_id sts_region use_dualstack_endpoint use_fips_endpoint`.split(/\s+/);

const awsBlocks = ['assume_role', 'assume_role_with_web_identity', 'default_tags', 'endpoints', 'ignore_tags'];

/**
 * Finds what a provider block cannot hold. `region`, `access_key`, `secret_key` and `default_tags` are used; where the calls go is for
 * whoever runs the plan to say, so that endpoints, credentials files and roles of the real AWS do no harm. Blocks of other providers are left alone.
 */
export function checkProviderBlock({ labels, body }: Block, found: Diagnostics): void {
  if (labels[0] !== 'aws') return;
  const names = [...awsArguments, 'alias', 'version'];
  for (const [name, { range }] of body.attributes) if (!names.includes(name)) found.add(unexpectedArgument(name, names, awsBlocks, range));
  for (const block of body.blocks) {
    if (!awsBlocks.includes(block.type)) found.add(unexpectedBlock(block, awsBlocks, names));
    if (block.type === 'default_tags') checkShape(block.body, { optional: ['tags'] }, block.body.range, found);
    if (block.type === 'ignore_tags')
      found.add(
        problem(
          'warning',
          'Tags are not ignored',
          'Plimsoll plans all tags: the ignore_tags block of the provider has no effect.',
          block.range,
        ),
      );
  }
}
