import { isElement, type PageNode } from './document.ts';

/** Nodes as text again, by the rules of the HTML standard and in the form that Go's parser gives it: every attribute has a value, `<br/>`. */
export function render(nodes: readonly PageNode[]): string {
  return nodes.map((node) => renderNode(node, false)).join('');
}

export function renderChildren(node: PageNode): string {
  const isRaw = isElement(node) && rawText.has(node.name);
  return 'children' in node ? node.children.map((child) => renderNode(child, isRaw)).join('') : '';
}

const rawText = new Set(['iframe', 'noembed', 'noframes', 'noscript', 'plaintext', 'script', 'style', 'xmp']);
const empty = new Set('area base br col embed hr img input keygen link meta param source track wbr'.split(' '));

function renderNode(node: PageNode, isRaw: boolean): string {
  if (isElement(node)) {
    const attributes = Object.entries(node.attribs)
      .map(([name, value]) => ` ${name}="${escape(value)}"`)
      .join('');
    if (empty.has(node.name)) return `<${node.name}${attributes}/>`;
    return `<${node.name}${attributes}>${renderChildren(node)}</${node.name}>`;
  }
  switch (node.nodeType) {
    case 3:
      return isRaw ? textOf(node) : escape(textOf(node));
    case 8:
      return `<!--${textOf(node)}-->`;
    case 9:
      return renderChildren(node);
    default:
      return `<${textOf(node)}>`;
  }
}

function textOf(node: PageNode): string {
  return 'data' in node ? node.data : '';
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', "'": '&#39;', '<': '&lt;', '>': '&gt;', '"': '&#34;', '\r': '&#13;' };

function escape(text: string): string {
  return text.replace(/[&'<>"\r]/g, (char) => escapes[char] as string);
}
