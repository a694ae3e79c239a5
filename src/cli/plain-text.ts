/** Foreign text for a terminal: nothing of it moves the cursor, sets colours or turns the writing around. */
export function plainText(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|\p{Bidi_Control}/gu, "\ufffd");
}

/** The same on one line. */
export function plainLine(text: string): string {
  return plainText(text.replace(/\s+/g, " ").trim());
}
