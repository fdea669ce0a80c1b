// What a person wants to read about a name: its type, its documentation, its tags.
import ts from "typescript";

/** Plain text of quick info. */
export function describeName({ displayParts, documentation, tags }: ts.QuickInfo): string {
  const paragraphs = [ts.displayPartsToString(displayParts), ts.displayPartsToString(documentation)];
  for (const { name, text } of tags ?? []) paragraphs.push(`@${name} ${ts.displayPartsToString(text)}`.trimEnd());
  return paragraphs.filter((paragraph) => paragraph !== "").join("\n\n");
}

/** Offset of the function's name when `offset` is inside the brackets of a call, else undefined. */
export function calledName(code: string, offset: number): number | undefined {
  let depth = 0;
  for (let at = offset - 1; at >= 0; at--) {
    if (")]}".includes(code[at]!)) depth++;
    else if ("([{".includes(code[at]!) && depth-- === 0) return code[at] === "(" && at > 0 ? at - 1 : undefined;
  }
  return undefined;
}
