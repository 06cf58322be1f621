import { syntaxError } from './diagnostic.ts';
import type { Block, Body } from './types.ts';

/**
 * Puts the blocks of override files into those they override (https://developer.hashicorp.com/terraform/language/files/override):
 * an argument replaces the one of its name, nested blocks replace all of their type, and `locals`, `terraform` and `lifecycle` are merged inside.
 */
export function mergeOverrides(blocks: readonly Block[], overrides: readonly Block[]): Block[] {
  const merged = [...blocks];
  for (const override of overrides) {
    const index = merged.findIndex((block) => identity(block) === identity(override));
    const base = merged[index];
    if (override.type === 'locals') overrideLocals(merged, override);
    else if (base) merged[index] = { ...base, body: mergeBodies(base.body, override.body) };
    else if (override.type === 'terraform' || override.type === 'provider') merged.push(override);
    else {
      const detail = `There is no ${override.type} block named "${override.labels.join('" "')}" to override.`;
      throw syntaxError(`Missing base ${override.type} declaration to override`, detail, override.range);
    }
  }
  return merged;
}

/** Blocks are one when type and labels are; of a provider's the alias as well. */
function identity({ type, labels, body }: Block): string {
  const alias = type === 'provider' ? body.attributes.get('alias') : undefined;
  return JSON.stringify([
    type,
    ...labels,
    alias?.evaluate({ folder: '.', root: () => undefined, nowMs: () => 0, randomHex: () => '' }) ?? null,
  ]);
}

/** A local value is replaced where it stands. */
function overrideLocals(merged: Block[], override: Block): void {
  for (const [name, expression] of override.body.attributes) {
    const index = merged.findIndex(({ type, body }) => type === 'locals' && body.attributes.has(name));
    const base = merged[index];
    if (!base)
      throw syntaxError(
        'Missing base local value definition to override',
        `There is no local value named "${name}" to override.`,
        expression.range,
      );
    merged[index] = { ...base, body: { ...base.body, attributes: new Map([...base.body.attributes, [name, expression]]) } };
  }
}

function mergeBodies(base: Body, override: Body): Body {
  const inside = (type: string): boolean => type === 'lifecycle' || type === 'required_providers';
  const replaced = new Set(override.blocks.map(typeOf));
  const kept = base.blocks.filter((block) => !replaced.has(typeOf(block)) || inside(block.type));
  const blocks = [...kept];
  for (const block of override.blocks) {
    const index = inside(block.type) ? blocks.findIndex(({ type }) => type === block.type) : -1;
    const found = blocks[index];
    if (found) blocks[index] = { ...found, body: mergeBodies(found.body, block.body) };
    else blocks.push(block);
  }
  return { attributes: new Map([...base.attributes, ...override.attributes]), blocks, range: base.range };
}

/** A dynamic block is one of the type it makes. */
function typeOf(block: Block): string {
  return block.type === 'dynamic' ? (block.labels[0] ?? '') : block.type;
}
