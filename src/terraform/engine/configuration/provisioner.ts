import type { Block } from '../../language/index.ts';
import { problem, type Diagnostics } from '../diagnostics.ts';
import { flag, optional, required, text, textMap, texts, type Schema } from '../schema.ts';
import { checkBody } from './schemaCheck.ts';
import { checkLabels } from './shape.ts';
import type { Provisioner } from './types.ts';

/** What `local-exec` takes (https://developer.hashicorp.com/terraform/language/resources/provisioners/local-exec). */
export const localExecSchema: Schema = {
  command: text(required),
  working_dir: text(optional),
  interpreter: texts(optional),
  environment: textMap(optional),
  quiet: flag(optional),
};

/**
 * The `provisioner "local-exec"` blocks of a resource. Others reach into a machine by SSH or WinRM, which those of a region do not
 * offer; `connection` blocks are theirs and say nothing to ours.
 */
export function readProvisioners(blocks: readonly Block[], found: Diagnostics): Provisioner[] {
  return blocks.filter(({ type }) => type === 'provisioner').flatMap((block) => readProvisioner(block, found) ?? []);
}

function readProvisioner(block: Block, found: Diagnostics): Provisioner | undefined {
  if (!checkLabels(block, ['type'], found)) return undefined;
  const kind = block.labels[0] ?? '';
  if (kind !== 'local-exec') {
    const detail = `Plimsoll runs provisioners of the type "local-exec" alone, on this machine. What an instance is to run when it starts belongs into its user_data.`;
    found.add(problem('error', `Unsupported provisioner "${kind}"`, detail, block.range));
    return undefined;
  }
  const own = new Map(block.body.attributes);
  const choose = <Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined => {
    const expression = own.get(name);
    own.delete(name);
    const word = expression?.references()[0]?.path[0];
    const chosen = choices.find((choice) => choice === word);
    if (expression !== undefined && chosen === undefined)
      found.add(
        problem('error', `Invalid "${name}" keyword`, `The "${name}" argument requires one of: ${choices.join(' or ')}.`, expression.range),
      );
    return chosen;
  };
  const when = choose('when', ['create', 'destroy']) ?? 'create';
  const onFailure = choose('on_failure', ['fail', 'continue']) ?? 'fail';
  const body = { ...block.body, attributes: own, blocks: block.body.blocks.filter(({ type }) => type !== 'connection') };
  checkBody(body, localExecSchema, found, block.range);
  if (when === 'destroy') refuseOthers(body.attributes.values(), found);
  return { when, onFailure, body, range: block.range };
}

/** When an object is destroyed nothing else may be there any more. */
function refuseOthers(
  expressions: Iterable<Block['body']['attributes'] extends ReadonlyMap<string, infer Item> ? Item : never>,
  found: Diagnostics,
): void {
  for (const expression of expressions)
    for (const { path, range } of expression.references())
      if (!['self', 'path', 'terraform'].includes(path[0] ?? '') && !['count.index', 'each.key'].includes(path.slice(0, 2).join('.')))
        found.add(
          problem(
            'error',
            'Invalid reference from destroy provisioner',
            "Destroy-time provisioners and their connection configurations may only reference attributes of the related resource, via 'self', 'count.index', or 'each.key'.\n\nReferences to other resources during the destroy phase can cause dependency cycles and interact poorly with create_before_destroy.",
            range,
          ),
        );
}
