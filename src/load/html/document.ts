import { load, type Cheerio, type CheerioAPI } from 'cheerio/slim';
import { parse } from 'parse5';
import { adapter } from 'parse5-htmlparser2-tree-adapter';

/** A node of a parsed page: an element, a text, a comment or the document (domhandler's). */
export type PageNode = Parameters<CheerioAPI['contains']>[1];
export type Nodes = Cheerio<PageNode>;
export type ElementNode = PageNode & { name: string; attribs: Record<string, string>; children: PageNode[] };

/** A page, parsed as browsers do (https://html.spec.whatwg.org/multipage/parsing.html). */
export function parsePage(source: string): CheerioAPI {
  const document = parse(source, { treeAdapter: adapter });
  return load(document, { xml: false });
}

export function isElement(node: PageNode | null | undefined): node is ElementNode {
  return node !== null && node !== undefined && 'attribs' in node && 'name' in node;
}

/** Below the nodes; nothing for a selector that makes no sense, as in k6. */
export function findAll($: CheerioAPI, nodes: Nodes, selector: string): Nodes {
  try {
    return nodes.find(selector);
  } catch {
    return $([]);
  }
}
