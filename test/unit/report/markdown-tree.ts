import { parsers } from 'prettier/plugins/markdown';

/** A node as remark makes it. */
export interface MarkdownNode {
  readonly type: string;
  readonly value?: string;
  readonly url?: string;
  readonly children?: readonly MarkdownNode[];
}

/** Every node of a Markdown text, parents first. */
export async function markdownNodes(text: string): Promise<readonly MarkdownNode[]> {
  // The parser that prettier formats with; of the options it reads the text alone.
  const parse = parsers.markdown.parse as (text: string, options: object) => MarkdownNode | Promise<MarkdownNode>;
  return withChildren(await parse(text, { originalText: text }));
}

function withChildren(node: MarkdownNode): readonly MarkdownNode[] {
  return [node, ...(node.children ?? []).flatMap(withChildren)];
}

/** What a reader sees of a node: text and code, entities resolved. */
export function textOf(node: MarkdownNode): string {
  return node.value ?? (node.children ?? []).map(textOf).join('');
}
