/** What a person sees as one character: Terraform counts these. */
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

export function characters(value: string): string[] {
  // Plain ASCII needs no segmenter, but for CR LF, which is one character.
  if (/^[\x00-\x0c\x0e-\x7f]*$/.test(value)) return value.split('');
  return Array.from(graphemes.segment(value), ({ segment }) => segment);
}
