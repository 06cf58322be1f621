/** `*` in a pattern, which is any run of characters; `?` is any one. */
const anyRun = Symbol('*');
const anyOne = Symbol('?');
type Part = string | typeof anyRun | typeof anyOne;

/**
 * Tells texts that match a pattern whole. `*` is any run of characters, `?` any one; a backslash takes their meaning
 * away. No pattern takes longer than its length times that of the text, which a regular expression does not promise.
 */
export function wildcard(pattern: string): (text: string) => boolean {
  const parts = partsOf(pattern);
  return (text) => {
    let [part, at] = [0, 0];
    /** Where to go on when what follows the last run does not fit: that run is one longer then. */
    let [runPart, runAt] = [-1, 0];
    while (at < text.length) {
      const wanted = parts[part];
      if (wanted === anyRun) [runPart, runAt] = [part++, at];
      else if (wanted === anyOne || wanted === text[at]) [part, at] = [part + 1, at + 1];
      else if (runPart >= 0) [part, at] = [runPart + 1, ++runAt];
      else return false;
    }
    while (parts[part] === anyRun) part++;
    return part === parts.length;
  };
}

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern[index]!;
    if (char === '*') parts.push(anyRun);
    else if (char === '?') parts.push(anyOne);
    else if (char === '\\' && index + 1 < pattern.length) parts.push(pattern[++index]!);
    else parts.push(char);
  }
  return parts;
}
