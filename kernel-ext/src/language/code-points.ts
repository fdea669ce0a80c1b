// Jupyter counts a text's positions in code points, JavaScript in UTF-16 units; they differ after an emoji.

/** UTF-16 offset of the `count`-th code point. */
export function toUtf16(text: string, count: number): number {
  let offset = 0;
  for (let left = count; left > 0 && offset < text.length; left--) offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  return offset;
}

/** Number of code points before a UTF-16 offset. */
export function toCodePoints(text: string, offset: number): number {
  return [...text.slice(0, offset)].length;
}
