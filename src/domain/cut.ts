/** The beginning of a text: at most so many UTF-16 units, and no half of a character that takes two. */
export function cut(text: string, most: number): string {
  const isHalved = most > 0 && text.length > most && (text.codePointAt(most - 1) ?? 0) > 0xffff;
  return text.slice(0, isHalved ? most - 1 : most);
}
