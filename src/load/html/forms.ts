import type { CheerioAPI } from 'cheerio/slim';
import { isElement, type ElementNode, type Nodes } from './document.ts';

export interface FormValue {
  readonly name: string;
  readonly value: string | string[] | undefined;
}

/** Types of inputs that are no part of what a form sends by itself. */
const silent = new Set(['submit', 'button', 'reset', 'image', 'file']);

/** The value of a field (https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#concept-fe-value). */
export function valueOf(node: ElementNode, $: CheerioAPI): string | string[] | undefined {
  switch (node.name) {
    case 'input':
      return node.attribs['value'] ?? (isChoice(node) ? 'on' : '');
    case 'button':
      return node.attribs['value'] ?? '';
    case 'textarea':
      return $(node as never).text();
    case 'option':
      return optionValue(node, $);
    case 'select': {
      const options = $(node as never)
        .find('option')
        .get()
        .filter(isElement) as ElementNode[];
      const selected = options.filter((option) => 'selected' in option.attribs);
      if ('multiple' in node.attribs) return selected.map((option) => optionValue(option, $));
      const shown = selected.at(-1) ?? options[0];
      return shown && optionValue(shown, $);
    }
    default:
      return undefined;
  }
}

function optionValue(option: ElementNode, $: CheerioAPI): string {
  return option.attribs['value'] ?? $(option as never).text();
}

function isChoice(node: ElementNode): boolean {
  return node.attribs['type'] === 'checkbox' || node.attribs['type'] === 'radio';
}

/** What a form would send: its fields, or those among the nodes themselves. */
export function formValues(nodes: Nodes, $: CheerioAPI): FormValue[] {
  const fields = 'input, select, textarea, keygen';
  const [first] = nodes.get();
  const candidates = isElement(first) && first.name === 'form' ? nodes.find(fields) : nodes.filter(fields);
  const out: FormValue[] = [];
  for (const node of candidates.get() as unknown[]) {
    if (!isElement(node as never)) continue;
    const field = node as ElementNode;
    const { name, type } = field.attribs;
    if (name === undefined || name === '' || 'disabled' in field.attribs || silent.has(type ?? '')) continue;
    if (isChoice(field) && !('checked' in field.attribs)) continue;
    out.push({ name, value: valueOf(field, $) });
  }
  return out;
}
